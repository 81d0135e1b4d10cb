"""Which pictures and files of a conversation a model is sent: the newest, within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sessions_app import tokenizer
from sessions_app.domain import parts, window
from sessions_app.domain.data import Message, Role
from sessions_app.domain.window import WindowPolicy
from sessions_app.services.context.candidates import Candidates

# Of the budget, what pictures and files of a long conversation may take.
_SHARE = 0.5


@dataclass(slots=True)
class _Room:
    """What is left for pictures and files: so many of them, and so many tokens."""

    number: int
    tokens: int
    # Whatever the newest one takes, it is sent if the window holds it.
    is_empty: bool = True

    def left_out(self, message_parts: parts.Parts) -> frozenset[int]:
        """The positions of the parts that there is no room for; the last ones go first."""
        without = set[int]()
        for position, part in reversed(list(enumerate(message_parts))):
            sent = parts.as_sent(part)
            if sent is None or not parts.is_attachment(sent):
                continue
            tokens = parts.token_count([part])
            if self.number and (self.is_empty or tokens <= self.tokens):
                self.number -= 1
                self.tokens -= tokens
                self.is_empty = False
            else:
                # Once one gives way, all that are older do: there is no gap in what is shown.
                self.number = 0
                without.add(position)
        return frozenset(without)


def newest_attached(
    gathered: Candidates, policy: WindowPolicy, most: int
) -> tuple[Candidates, frozenset[int]]:
    """The candidates with at most so many pictures and files, the newest; the others as lines.

    Where not all of the conversation fits, they take half of the budget at most, or what the
    messages leave that a window must hold. Also the messages of which any is left out.
    """
    attached = sorted(_attached(gathered, policy), key=lambda message: -message.seq)
    if not attached:
        return gathered, frozenset()
    room = _Room(most, _tokens_left(gathered, policy, attached[0]))
    changed = dict[int, parts.Parts]()
    for message in attached:
        message_parts = message.parts or ()
        if without := room.left_out(message_parts):
            changed[message.seq] = [
                {"type": parts.TEXT, "text": parts.in_words(part)} if at in without else part
                for at, part in enumerate(message_parts)
            ]
    return (_with(gathered, changed), frozenset(changed)) if changed else (gathered, frozenset())


def _attached(gathered: Candidates, policy: WindowPolicy) -> list[Message]:
    """The messages that may be sent with pictures or files: a user's, and none that is hidden."""
    shown = {
        each.seq
        for each in gathered.offered
        if each.seq >= policy.context_start and not (each.superseded or each.deleted)
    }
    return [
        message
        for message in gathered.messages
        if message.parts
        and message.role is Role.USER
        and message.seq in shown
        and parts.token_count(message.parts)
    ]


def _tokens_left(gathered: Candidates, policy: WindowPolicy, newest: Message) -> int:
    if sum(message.cost for message in gathered.offered) <= policy.max_tokens:
        return policy.max_tokens
    prompt, must = window.must_hold(gathered.offered, policy)
    shared = int(policy.max_tokens * _SHARE)
    if newest.seq not in {message.seq for message in must}:
        return shared
    beside = prompt + sum(message.cost for message in must) - parts.token_count(newest.parts or ())
    return max(shared, policy.max_tokens - beside)


def _with(gathered: Candidates, changed: Mapping[int, parts.Parts]) -> Candidates:
    messages = {
        message.seq: _changed(message, changed[message.seq])
        for message in gathered.messages
        if message.seq in changed
    }
    return replace(
        gathered,
        messages=[messages.get(message.seq, message) for message in gathered.messages],
        offered=[
            replace(each, content=written.content, token_count=written.token_count)
            if (written := messages.get(each.seq))
            else each
            for each in gathered.offered
        ],
    )


def _changed(message: Message, message_parts: parts.Parts) -> Message:
    text = parts.text_of(message_parts)
    more = tokenizer.count_tokens(text) + parts.token_count(message_parts)
    less = tokenizer.count_tokens(message.content) + parts.token_count(message.parts or ())
    return message._replace(
        content=text, parts=list(message_parts), token_count=message.token_count + more - less
    )
