"""The page at the root."""

from django.urls import URLPattern, path

from sessions_app.web.views import ChatView, WorkerView

# The worker stands at the root, because a worker may only serve what is below it.
urlpatterns: list[URLPattern] = [path("", ChatView.as_view()), path("sw.js", WorkerView.as_view())]
