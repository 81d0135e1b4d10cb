"""Which pictures and files of a conversation a model is sent: the newest, within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sessions_app import tokenizer
from sessions_app.domain import parts, window
from sessions_app.domain.attachments import OFFICE, Kind
from sessions_app.domain.data import Message, Role
from sessions_app.domain.dialect import SentAs
from sessions_app.domain.window import WindowPolicy
from sessions_app.services.context.candidates import Candidates

# Of the budget, what pictures and files of a long conversation may take.
_SHARE = 0.5


# What of a file's text is too little to be of use; and what the name above it takes.
_LEAST_TOKENS, _NAME_TOKENS = 128, 32

Changed = Mapping[int, SentAs]
"""How messages are sent of whose pictures and files not all are sent whole, by their `seq`."""


@dataclass(slots=True)
class _Room:
    """What is left for pictures and files: so many of them, and so many tokens."""

    number: int
    tokens: int
    # Whatever the newest one takes, it is sent if the window holds it.
    is_empty: bool = True

    def part(self, part: parts.Part) -> parts.Part:
        """The part as far as there is room for it: itself, less of its text, or a line."""
        sent = parts.as_sent(part)
        if sent is None or not parts.is_attachment(sent):
            return part
        tokens = parts.token_count([part])
        if self.number and tokens > self.tokens and _is_text(part):
            part, tokens = {**part, "tokens": self.tokens - _NAME_TOKENS}, self.tokens
            # A beginning and an end of it, unless that says nothing.
            self.number = self.number if tokens >= _LEAST_TOKENS else 0
        if self.number and (self.is_empty or tokens <= self.tokens):
            self.number -= 1
            self.tokens -= tokens
            self.is_empty = False
            return part
        # Once one gives way, all that are older do: there is no gap in what is shown.
        self.number = 0
        return {"type": parts.TEXT, "text": parts.in_words(part)}


def _is_text(part: parts.Part) -> bool:
    """Whether it is sent as its text, of which less can be sent."""
    return part["type"] == parts.FILE and part.get("media_type") in {Kind.TEXT, *OFFICE}


def newest_attached(
    gathered: Candidates, policy: WindowPolicy, most: int
) -> tuple[Candidates, Changed]:
    """The candidates with at most so many pictures and files, the newest; the others as lines.

    Where not all of the conversation fits, they take half of the budget at most, or what the
    messages leave that a window must hold. A file that is sent as text is cut to the room.
    """
    attached = sorted(_attached(gathered, policy), key=lambda message: -message.seq)
    if not attached:
        return gathered, {}
    room = _Room(most, _tokens_left(gathered, policy, attached[0]))
    changed, sent_as = dict[int, parts.Parts](), dict[int, SentAs]()
    for message in attached:
        before = message.parts or ()
        # The last ones first.
        after = [room.part(part) for part in reversed(before)][::-1]
        if after != list(before):
            changed[message.seq] = after
            is_cut = all(a["type"] == b["type"] for a, b in zip(after, before, strict=True))
            sent_as[message.seq] = SentAs.CUT if is_cut else SentAs.PLACEHOLDER
    return (_with(gathered, changed), sent_as) if changed else (gathered, {})


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
