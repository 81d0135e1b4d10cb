"""Chooses where a window of the newest messages begins, so that it begins there for many turns.

Providers bill a prefix that they have cached at a fraction. A window that drops its oldest message
every turn never has the same prefix twice, so its start moves in steps: of all starts that fit, it
takes the one that fits longest and that later turns choose again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sessions_app.domain.candidate import WindowMessage
from sessions_app.domain.window.units import Unit

# Turns in a step. Of any eight consecutive turns exactly one has a number that is a multiple of
# eight, so the start moves once in eight turns.
STEP_TURNS = 8

# The share of the room that a step may leave empty. It matters below about 1,500 tokens: with a
# half, too few turns would fit for a step, and at most three windows in four would keep their
# prefix.
MAX_LOSS = 0.7


def stable_start(
    messages: Sequence[WindowMessage],
    units: Sequence[Unit],
    earliest: int,
    *,
    at_topics: bool = False,
) -> int:
    """The index into `units` at which the window begins; `earliest` is the first that fits.

    The choice depends on the conversation alone and not on the last choice, so all workers choose
    alike; a turn counts as two messages. A window that holds everything begins at the beginning.
    With `at_topics`, the oldest topic that fits whole is preferred.
    """
    if earliest <= 0 or earliest >= len(units):
        return earliest
    starts = _user_starts(messages, units, earliest)
    if at_topics:
        opening = [at for at in starts if _opens_topic(messages, units, at)]
        if opening:
            return opening[0]
    turns = {at: messages[units[at].first].seq >> 1 for at in starts[:STEP_TURNS]}
    for at, turn in turns.items():
        if turn % STEP_TURNS == 0:
            return at
    # Fewer turns in reach, or longer ones: the number divisible by the highest power of two.
    return max(turns, key=lambda at: turns[at] & -turns[at], default=earliest)


def stable_start_before(
    messages: Sequence[WindowMessage], units: Sequence[Unit], latest: int, *, room: int
) -> int:
    """The index into `units`, at most `latest`, at which the run of the newest messages begins.

    The units before `latest` must fit `room`. Of the starts in reach it takes the one whose turn
    number is divisible by the highest power of two, which stays in reach for most turns.
    """
    turns: dict[int, int] = {}
    for at in range(latest, -1, -1):
        if at < latest:
            room -= units[at].cost
        if room < 0:
            break
        if messages[units[at].first].role == "user":
            turns[at] = messages[units[at].first].seq >> 1
    return max(turns, key=lambda at: turns[at] & -turns[at], default=latest)


def _user_starts(
    messages: Sequence[WindowMessage], units: Sequence[Unit], earliest: int
) -> list[int]:
    room = sum(unit.cost for unit in units[earliest:])
    starts: list[int] = []
    lost = 0
    for at in range(earliest, len(units)):
        if lost > room * MAX_LOSS:
            break
        if messages[units[at].first].role == "user":
            starts.append(at)
        lost += units[at].cost
    return starts


def _opens_topic(messages: Sequence[WindowMessage], units: Sequence[Unit], at: int) -> bool:
    before, here = messages[units[at - 1].last].topic, messages[units[at].first].topic
    return here is not None and before != here
