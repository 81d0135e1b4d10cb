"""Messages that know their parents: the branch that ends at one of them, and where others end."""

from collections.abc import Callable, Iterable, Mapping


def branch_to(
    last: object, nodes: Mapping[str, object], parent_of: Callable[[str], object]
) -> list[str]:
    """The names from the root to `last`; linear in their number.

    A parent may be missing or, in a damaged file, lead back into the branch: it ends there.
    """
    path: dict[str, None] = {}
    current = last
    while isinstance(current, str) and current in nodes and current not in path:
        path[current] = None
        current = parent_of(current)
    return list(path)[::-1]


def other_ends(
    nodes: Iterable[str], parent_of: Callable[[str], object], branch: Iterable[str]
) -> list[str]:
    """The ends of the branches besides this one, in the order of the nodes."""
    names = list(nodes)
    parents = {parent for name in names if isinstance(parent := parent_of(name), str)}
    current = set(branch)
    return [name for name in names if name not in parents and name not in current]
