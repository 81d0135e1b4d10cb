"""How many files and connections a process may have open."""

import resource
from contextlib import suppress

WANTED = 65_536


def raise_limit() -> None:
    """Lift the soft limit, for children too, to what the administrator allows.

    Many systems start programs with 1,024, which as many clients use up by themselves; `mongod`
    takes 80 per cent of it as its greatest number of connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
