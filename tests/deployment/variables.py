"""Which environment variables each part of a deployment may be given."""

import re
from collections.abc import Iterable

from tests.docs import reference

SETTINGS = frozenset(reference.settings_read())
# What the programs that come with an image read, by the image's name without its version.
OF_IMAGES = {
    "caddy": {"SITE_ADDRESS"},
    "mongo": {"HOME", "MONGODB_ADMIN_PASSWORD", "MONGODB_PASSWORD"},
    "postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"},
    "grafana/grafana": {"GF_SECURITY_ADMIN_PASSWORD", "GF_ANALYTICS_REPORTING_ENABLED"},
}
# Python's, pip's and the shell's.
OF_THE_IMAGE = {
    "PATH", "HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PIP_NO_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK",
}  # fmt: skip


def unknown(names: Iterable[str], image: str) -> set[str]:
    """Those that neither the service has as a setting nor that image reads."""
    base = re.sub(r"[:@].*", "", image)
    known = SETTINGS if base.endswith("chat-sessions") else OF_IMAGES.get(base, set())
    return set(names) - known
