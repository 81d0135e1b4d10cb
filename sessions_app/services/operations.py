"""What keeps an installation in order."""

from sessions_app.repository import indexes


def ensure_indexes() -> dict[str, list[str]]:
    """Create the declared collections and indexes that are missing; collection → index names."""
    return indexes.ensure()
