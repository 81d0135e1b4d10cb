"""Lays out a planned window so that its beginning stays the same from turn to turn.

In conversation order, the older messages that were recalled for one question come before the
newest ones. The next question recalls others, so the prompt differs from its second message on, and
the provider's cache of its prefix is useless. Under `Layout.STABLE_PREFIX` the recalled messages
are quoted together, in one message directly before the newest user message; everything before it
stays as it was. They are quoted because a model takes a message that stands elsewhere as one that
was said there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.domain.data import Message
from sessions_app.domain.texts.tokens import TokenCounter, window_cost
from sessions_app.domain.window.data import Reason, WindowPlan

HEADING = "Said earlier in this conversation, and perhaps of use for what comes next:"


@dataclass(frozen=True, slots=True)
class Recalled:
    """The message that quotes the recalled messages `seqs`; `token_count` is without overhead."""

    seqs: Sequence[int]
    content: str
    token_count: int


def recall(plan: WindowPlan, messages: Sequence[Message], count: TokenCounter) -> Recalled | None:
    """Quote the messages that the plan recalls from before the newest user message; None for none.

    Relevant messages after it, such as an agent's work, stay in their order.
    """
    newest_user = next((each.seq for each in plan.messages if each.reason is Reason.NEWEST_USER), 0)
    recalled_seqs = {
        each.seq
        for each in plan.messages
        if each.kept and each.reason is Reason.RELEVANT and each.seq < newest_user
    }
    quoted = [message for message in messages if message.seq in recalled_seqs]
    if not quoted:
        return None
    content = "\n".join([HEADING, *map(_quote, quoted)])
    return Recalled([message.seq for message in quoted], content, count(content))


def _quote(message: Message) -> str:
    calls = [call.get("function", {}) for call in message.tool_calls or ()]
    called = "; ".join(f"{call.get('name')}({call.get('arguments')})" for call in calls)
    text = " ".join(part for part in (message.content, called and f"[calls {called}]") if part)
    return f"{message.name or message.role.value}: {text}"


def quotation_cost(plan: WindowPlan, recalled: Recalled) -> int:
    """The tokens that a quotation costs more than its messages do; negative where it costs less."""
    quoted = set(recalled.seqs)
    separate = sum(window_cost(each.token_count) for each in plan.messages if each.seq in quoted)
    return window_cost(recalled.token_count) - separate
