"""The limit of open files and connections."""

import resource
from contextlib import suppress

DESIRED_LIMIT = 65_536


def raise_limit() -> None:
    """Raise the soft limit, for child processes too, as far as the administrator allows.

    Many systems start programs with 1,024, so 1,000 clients would use it up; `mongod` accepts as
    many connections as 80 % of it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = DESIRED_LIMIT if hard == resource.RLIM_INFINITY else min(DESIRED_LIMIT, hard)
    if soft != resource.RLIM_INFINITY and soft < target:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
