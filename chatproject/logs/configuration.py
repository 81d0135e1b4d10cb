"""Which lines of the log are written, and how: Django's LOGGING."""

from typing import Any


def logging_in(line_format: str) -> dict[str, Any]:
    """The configuration for lines of this format: `text` or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {
                "()": "chatproject.logs.log_format.TextLines",
                "format": "%(asctime)s %(levelname)s %(name)s: %(message)s%(of_request)s",
            },
            "json": {"()": "chatproject.logs.log_format.JsonLines"},
        },
        "filters": {
            "of_request": {"()": "chatproject.logs.log_format.OfRequest"},
            "one_line": {"()": "chatproject.logs.log_lines.OneLine"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": line_format,
                "filters": ["of_request", "one_line"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            # Clients see their mistakes in the response; logging each would hide the service's own.
            "django.request": {"level": "ERROR"},
            "chat.access": {"level": "INFO"},
            "sessions_app.services.jobs": {"level": "INFO"},
        },
    }
