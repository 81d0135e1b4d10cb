"""What keeps an installation in order."""

from sessions_app.repository import indexes


def ensure_indexes() -> dict[str, list[str]]:
    """Create the declared collections and indexes that are missing; collection → index names."""
    return indexes.ensure()


def index_differences() -> list[tuple[str, str, str]]:
    """Collection, index and problem (`missing`, `different`, `undeclared`) of each difference."""
    return [(each.collection, each.name, each.problem) for each in indexes.differences()]
