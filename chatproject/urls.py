"""Every route of the service. Trailing slashes are optional."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer

from accounts import staff_sign_in
from chatproject.http.api_schema import SchemaView
from chatproject.metrics.view import metrics
from chatproject.probes import health

# Registers the admin's pages, for `admin.site.urls` below.
admin.autodiscover()
_OPEN = {"permission_classes": [AllowAny], "authentication_classes": [], "throttle_classes": []}

urlpatterns: list[URLPattern | URLResolver] = [
    # first, because nearly every request is for these, and routes are tried in order
    path("", include("sessions_app.api.urls")),
    path("", include("sessions_app.openai_api.urls")),
    re_path(r"^healthz/?$", health.healthz),
    re_path(r"^readyz/?$", health.readyz),
    re_path(r"^metrics/?$", metrics),
    re_path(r"^api/schema/?$", SchemaView.as_view(), name="schema"),
    re_path(
        r"^api/docs/?$",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema",
            template_name="api/docs.html",  # without inline scripts, which the policy forbids
            renderer_classes=[TemplateHTMLRenderer],
            **_OPEN,
        ),
    ),
    # before the admin's own, which count no attempts
    re_path(r"^admin/login/?$", staff_sign_in.sign_in),
    re_path(r"^admin/password_change/?$", staff_sign_in.password_change),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("sessions_app.web.urls")),
]
handler400 = "chatproject.http.error_pages.bad_request"
handler403 = "chatproject.http.error_pages.forbidden"
handler404 = "chatproject.http.error_pages.not_found"
handler500 = "chatproject.http.error_pages.server_error"
