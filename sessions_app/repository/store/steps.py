"""What each version of the stored form has changed, for documents of the version before.

A step is the middle part of "Expand and contract" in CONTRIBUTING.md: the release that has it reads
the old form and the new one, and so does the release before it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sessions_app.repository.log import Stored


class Step(NamedTuple):
    """How a document gets from the version before to this one.

    `change` makes an update of the fields in `reads` (dotted, where they are nested). The update
    only applies while those are as they were read.
    """

    reads: tuple[str, ...]
    change: Callable[[Stored], Stored]


# (version, collection) → its step. A collection that is not named here changed nothing but the
# number.
Steps = Mapping[tuple[int, str], Step]

# Version 2 says the version, and is otherwise what version 1 was.
STEPS: Steps = {}
