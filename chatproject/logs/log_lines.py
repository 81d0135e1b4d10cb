"""What a client can write into the log: one line, of a bounded length."""

import logging

from sessions_app.domain.texts.text import inert

# Django logs under these names what a client has sent: a Host that is not allowed, a form with too
# many fields, a path that leads out of a directory.
_OF_CLIENTS = "django.security"
_MAX_CHARS = 280


class OneLine(logging.Filter):
    """Leaves out the traceback of what is a client's doing, and cuts its words."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; let it pass."""
        if record.name.startswith(_OF_CLIENTS):
            message = inert(record.getMessage()).replace("\n", "\\n").replace("\r", "\\r")
            record.msg = message if len(message) <= _MAX_CHARS else f"{message[:_MAX_CHARS]}…"
            record.args = None
            record.exc_info = record.exc_text = record.stack_info = None
        return True
