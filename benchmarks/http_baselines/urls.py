"""The service's routes, and the baselines' beside them."""

from django.urls import include, path

from benchmarks.http_baselines import bare, naive, steps
from chatproject.urls import handler400, handler404, handler500

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("bare/<session_id>/message", bare.append),
    path("bare/<session_id>", bare.read),
    path("naive/<session_id>/message", naive.Append.as_view()),
    path("naive/<session_id>", naive.Read.as_view()),
    path("steps/plain", steps.plain),
    *(
        path(f"steps/{name}", steps.Steps.as_view({"post": name}))
        for name in ("nothing", "parsed", "validated")
    ),
    path("", include("chatproject.urls")),
]
