"""The one error body of all routes but those under `/v1`, as drf-standardized-errors writes it."""

from typing import Any


def error_body(status: int, code: str, detail: str, attr: str | None = None) -> dict[str, Any]:
    """The body of an error with one cause; `attr` names the field that is at fault, if any."""
    kind = "server_error" if status >= 500 else "validation_error" if attr else "client_error"
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
