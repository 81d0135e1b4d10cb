"""The order in which a planned window is sent: what changes from turn to turn behind what stays.

Older messages that were recalled for one question stand, in conversation order, in front of the
newest ones. The next question recalls others, so the prompt differs from its second message on and
a provider's cache of its prefix is of no use. Under `Layout.STABLE_PREFIX` they are quoted together
in one message directly before the newest user message; all that is in front of it stays as it was.
A quotation, because a message out of its place would be read as having been said there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.domain.data import Message
from sessions_app.domain.tokens import TokenCounter, window_cost
from sessions_app.domain.window.data import Reason, WindowPlan

HEADING = "Said earlier in this conversation, and perhaps of use for what comes next:"


@dataclass(frozen=True, slots=True)
class Recalled:
    """The message that quotes what was recalled. `token_count` is its own, without overhead."""

    seqs: Sequence[int]
    content: str
    token_count: int


def recall(plan: WindowPlan, messages: Sequence[Message], count: TokenCounter) -> Recalled | None:
    """The quotation of what the plan recalls from before the newest user message; None if nothing.

    What is relevant and came after that message, an agent's work, stays in its place.
    """
    asked = [each.seq for each in plan.messages if each.reason is Reason.NEWEST_USER]
    wanted = {
        each.seq
        for each in plan.messages
        if asked and each.kept and each.reason is Reason.RELEVANT and each.seq < asked[0]
    }
    quoted = [message for message in messages if message.seq in wanted]
    if not quoted:
        return None
    content = "\n".join([HEADING, *map(_quote, quoted)])
    return Recalled([message.seq for message in quoted], content, count(content))


def _quote(message: Message) -> str:
    calls = [call.get("function", {}) for call in message.tool_calls or ()]
    called = "; ".join(f"{call.get('name')}({call.get('arguments')})" for call in calls)
    said = " ".join(part for part in (message.content, called and f"[calls {called}]") if part)
    return f"{message.name or message.role.value}: {said}"


def quotation_cost(plan: WindowPlan, recalled: Recalled) -> int:
    """Tokens by which one quotation costs more (or, negative, less) than its messages apart."""
    quoted = set(recalled.seqs)
    apart = sum(window_cost(each.token_count) for each in plan.messages if each.seq in quoted)
    return window_cost(recalled.token_count) - apart
