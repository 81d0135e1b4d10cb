"""Where this process's metrics are, and all workers' put together."""

import os

from prometheus_client import CollectorRegistry, multiprocess

# Not the library's global registry, which has metrics of the process as well.
own = CollectorRegistry()


def registry() -> CollectorRegistry:
    """The metrics of all workers, where they share a directory; else of this process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return own
    shared = CollectorRegistry()
    multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared
