"""Routes of the chat page and its service worker."""

from django.urls import URLPattern, path

from sessions_app.web.views import ChatView, IconView, WorkerView

# The worker is at the root, because a service worker controls only addresses below its own.
urlpatterns: list[URLPattern] = [
    path("", ChatView.as_view()),
    path("sw.js", WorkerView.as_view()),
    path("favicon.ico", IconView.as_view()),
]
