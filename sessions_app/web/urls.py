"""The page at the root."""

from django.urls import URLPattern, path

from sessions_app.web.views import StartView

urlpatterns: list[URLPattern] = [path("", StartView.as_view())]
