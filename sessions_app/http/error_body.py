"""The one error body of all routes but those under `/v1`, as drf-standardized-errors writes it."""

from typing import Any


def error_body(
    status: int, code: str, detail: str, attr: str | None = None, *, request_id: str = ""
) -> dict[str, Any]:
    """The body of an error with one cause; `attr` names the field that is at fault, if any.

    `request_id` is for what an operator has to look into: a mistake of ours, damaged data.
    """
    kind = "server_error" if status >= 500 else "validation_error" if attr else "client_error"
    body = {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
    return {**body, "request_id": request_id} if request_id else body
