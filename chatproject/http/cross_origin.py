"""Requests of pages of other origins: which headers they may send, and which they may read."""

from django.conf import settings

EXPOSED: list[str] = [
    "ETag", "Location", "Retry-After", "X-Request-Id", "X-Session-Id", "X-Should-Retry",
]  # fmt: skip
ALLOWED: list[str] = [
    "accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match",
    "last-event-id", "x-request-id", "x-session-create", "x-session-id",
    # what OpenAI's package for browsers sends along
    "openai-beta", "openai-organization", "openai-project",
    *(f"x-stainless-{name}" for name in (
        "arch", "lang", "os", "package-version", "retry-count", "runtime", "runtime-version",
        "timeout", "read-timeout", "async", "helper-method", "poll-helper", "raw-response",
    )),
]  # fmt: skip


def headers_for(origin: str) -> list[tuple[str, str]]:
    """The headers with which a page of this origin may read what `CorsMiddleware` has not seen."""
    if origin not in settings.CORS_ALLOWED_ORIGINS:
        return []
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", ", ".join(EXPOSED)),
        ("Vary", "Origin"),
    ]
