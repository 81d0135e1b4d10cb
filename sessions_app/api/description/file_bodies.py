"""Bodies that are files, described as what a request cannot do without."""

from typing import Any

_FILES = frozenset({"application/octet-stream", "multipart/form-data"})


def require(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: `required: true` on each body that is a file and nothing else."""
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            body = operation.get("requestBody")
            if body and body["content"].keys() <= _FILES:
                body["required"] = True
    return result
