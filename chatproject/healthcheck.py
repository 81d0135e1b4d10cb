"""`python -m chatproject.healthcheck`: exit code 0 when the service of this container is ready.

It reads the same settings as `serve`, so a changed PORT or ALLOWED_HOSTS needs no second change.
"""

import os
import sys

from django.conf import settings

from sessions_app import child_process

# What listens on all addresses is asked on this machine's own.
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def is_ready() -> bool:
    """Whether `/readyz` answers with 200."""
    host = next(iter(settings.ALLOWED_HOSTS), "localhost")
    header = "localhost" if host == "*" else host.lstrip(".")
    address = _ANY.get(settings.HOST, settings.HOST)
    return child_process.answers_ok(address, settings.PORT, "/readyz", {"Host": header})


def main() -> int:
    """The exit code: 0 when ready, else 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    return 0 if is_ready() else 1


if __name__ == "__main__":
    sys.exit(main())
