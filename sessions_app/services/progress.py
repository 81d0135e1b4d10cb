"""The callback by which long work reports its progress."""

from collections.abc import Callable

# Called with the number of items that have been done since the last call.
Progress = Callable[[int], None]
