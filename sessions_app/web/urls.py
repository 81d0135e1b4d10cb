"""The page at the root."""

from django.urls import URLPattern, path

from sessions_app.web.views import ChatView

urlpatterns: list[URLPattern] = [path("", ChatView.as_view())]
