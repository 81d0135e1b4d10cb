"""Messages that know their parents: the branch that ends at one of them, and where others end."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def branch_to(
    last: object, nodes: Mapping[Name, object], parent_of: Callable[[Name], object]
) -> list[Name]:
    """The names from the root to `last`; linear in their number.

    A parent may be missing or, in a damaged file, lead back into the branch: it ends there.
    """
    path: dict[Name, None] = {}
    current = last
    while isinstance(current, Hashable) and current in nodes and current not in path:
        path[current] = None  # type: ignore[index] - a key of `nodes`
        current = parent_of(current)  # type: ignore[arg-type]
    return list(path)[::-1]


def other_ends(
    nodes: Iterable[Name], parent_of: Callable[[Name], object], branch: Iterable[Name]
) -> list[Name]:
    """The ends of the branches besides this one, in the order of the nodes."""
    names = list(nodes)
    parents = {parent for name in names if isinstance(parent := parent_of(name), Hashable)}
    current = set(branch)
    return [name for name in names if name not in parents and name not in current]
