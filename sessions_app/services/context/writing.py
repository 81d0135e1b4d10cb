"""A planned window as the request that a model's server is sent, and what that costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sessions_app import tokenizer
from sessions_app.domain import dialect, parts, window
from sessions_app.domain.candidate import WindowMessage
from sessions_app.domain.data import Message, Role
from sessions_app.domain.dialect import Change, Manner, Request, Said, SentAs
from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.texts.tokens import window_cost
from sessions_app.domain.window import (
    Reason,
    Recalled,
    ShownSummary,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
)
from sessions_app.services.context.candidates import Candidates

_CUT = "longer than the window: cut in the middle"
_OLDER = "newer pictures and files take the room: a line says what was there"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a system prompt says for one call alone; `role` is `system` or `developer`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A plan with all that is sent beside its messages; `cut` holds the texts that had to be cut.

    `messages` are the kept ones, in order, as far as they are sent: with the cut texts.
    `attached` are those of whose pictures and files some give way to newer ones, or are cut.
    """

    plan: WindowPlan
    messages: Sequence[Message]
    summary: ShownSummary | None = None
    recalled: Recalled | None = None
    cut: Mapping[int, str] | None = None
    offered: Sequence[WindowMessage] = ()
    attached: Mapping[int, SentAs] = field(default_factory=dict)


def instruction_cost(instructions: Sequence[Instruction]) -> int:
    """The tokens of a call's own instructions, which no message may use."""
    return sum(window_cost(tokenizer.count_tokens(each.content)) for each in instructions)


def write(laid_out: LaidOut, instructions: Sequence[Instruction], manner: Manner) -> Request:
    """What a model call is sent; the changes tell of what was cut, too."""
    conversation = _said(laid_out, instructions)
    request = dialect.write(conversation, manner)
    changes = [Change(seq, SentAs.CUT, _CUT) for seq in laid_out.cut or ()]
    changes += [
        Change(message.seq, sent_as, _CUT if sent_as is SentAs.CUT else _OLDER)
        for message in laid_out.messages
        if (sent_as := laid_out.attached.get(message.seq))
        and message.seq not in (laid_out.cut or ())
    ]
    if not changes:
        return request
    return replace(request, changes=tuple(sorted((*changes, *request.changes), key=_by_seq)))


def write_unstored(
    messages: Sequence[Message], instructions: Sequence[Instruction], manner: Manner
) -> Request:
    """A conversation that is not a session's, whole."""
    conversation = [Said(each.role, each.content) for each in instructions]
    return dialect.write([*conversation, *map(_message, messages)], manner)


def without_left_out(laid_out: LaidOut, request: Request) -> LaidOut:
    """The same with those messages among the dropped ones of which nothing is sent."""
    sent = {seq for each in request.sent for seq in each.seqs}
    left_out = {
        change.seq
        for change in request.changes
        if change.sent_as is SentAs.LEFT_OUT and change.seq not in sent
    }
    if not left_out:
        return laid_out
    planned = tuple(
        each._replace(kept=False, reason=_unsent(each.role)) if each.seq in left_out else each
        for each in laid_out.plan.messages
    )
    return replace(
        laid_out,
        plan=replace(laid_out.plan, messages=planned),
        messages=[message for message in laid_out.messages if message.seq not in left_out],
    )


def _unsent(role: str) -> Reason:
    return Reason.ORPHANED_RESULT if role == Role.TOOL.value else Reason.NOTHING_TO_SEND


def _by_seq(change: Change) -> tuple[int, int]:
    return change.seq, list(SentAs).index(change.sent_as)


def _said(laid_out: LaidOut, instructions: Sequence[Instruction]) -> list[Said]:
    plan, summary, recalled = laid_out.plan, laid_out.summary, laid_out.recalled
    reasons = {each.seq: each.reason for each in plan.messages}
    quoted = set(recalled.seqs) if recalled else set()
    prompt = [m for m in laid_out.messages if reasons[m.seq] is Reason.SYSTEM_PROMPT]
    conversation = [_message(message) for message in prompt]
    conversation += [Said(each.role, each.content) for each in instructions]
    if summary is not None:
        conversation.append(Said("system", summary.content))
    for message in laid_out.messages[len(prompt) :]:
        if recalled is not None and reasons[message.seq] is Reason.NEWEST_USER:
            conversation.append(Said("system", recalled.content))
        if message.seq not in quoted:
            conversation.append(_message(message))
    return conversation


def _message(message: Message) -> Said:
    extra = message.extra or {}
    members = dict(extra.get("message") or {})
    if message.reasoning and (member := extra.get("thought_member")):
        members[member] = message.reasoning
    return Said(
        role=message.role.value,
        content=message.content,
        seq=message.seq,
        name=message.name,
        tool_calls=tuple(message.tool_calls or ()),
        tool_call_id=message.tool_call_id,
        extra=members,
        call_extra=extra.get("calls") or {},
        parts=message.parts or (),
    )


def cost(request: Request, messages: Sequence[Message]) -> int:
    """The tokens of what is sent; what is sent as it is stored has been counted."""
    counted = {message.seq: message.token_count for message in messages}
    total = 0
    for each in request.sent:
        known = counted.get(each.seqs[0]) if each.as_stored and len(each.seqs) == 1 else None
        total += window_cost(_tokens(each.message) if known is None else known)
    return total


def _tokens(message: Mapping[str, object]) -> int:
    """What stands beside a message and its calls is no text and is not counted."""
    calls, content = message.get("tool_calls"), message["content"]
    return parts.sent_tokens(content) + message_tokens(
        tokenizer.count_tokens,
        parts.sent_text(content),
        name=name if isinstance(name := message.get("name"), str) else None,
        tool_calls=[dialect.bare(call) for call in calls] if isinstance(calls, list) else (),
    )


def cut_to_fit(gathered: Candidates, policy: WindowPolicy) -> tuple[Candidates, dict[int, str]]:
    """The candidates with what must be in the window cut, if need be, until it fits.

    The longest results first, the question where that is not enough. Raises WindowBudgetError
    where nothing helps.
    """
    prompt, must = window.must_hold(gathered.offered, policy)
    room = policy.max_tokens - prompt
    needed = sum(message.cost for message in must)
    if needed <= room:
        return gathered, {}
    for roles in ({Role.TOOL.value}, {Role.TOOL.value, Role.USER.value}):
        texts = [message for message in must if message.role in roles]
        lengths = [_content_tokens(message) for message in texts]
        most = dialect.common_length(lengths, room - needed + sum(lengths)) if texts else None
        if most is not None:
            spoken = {m.seq: parts.spoken(m.parts) for m in gathered.messages if m.parts}
            cut = {
                message.seq: dialect.cut_middle(
                    spoken.get(message.seq, message.content), most, tokenizer.count_tokens
                )
                for message, length in zip(texts, lengths, strict=True)
                if length > most
            }
            return _with(gathered, cut), cut
    raise WindowBudgetError(needed=prompt + needed, available=policy.max_tokens)


def _content_tokens(message: WindowMessage) -> int:
    return message.token_count - (tokenizer.count_tokens(message.name) if message.name else 0)


def _with(gathered: Candidates, cut: Mapping[int, str]) -> Candidates:
    counts = {
        message.seq: message.token_count
        - _content_tokens(message)
        + tokenizer.count_tokens(cut[message.seq])
        for message in gathered.offered
        if message.seq in cut
    }
    return replace(
        gathered,
        messages=[
            m._replace(content=cut[m.seq], token_count=counts[m.seq], parts=None)
            if m.seq in cut
            else m
            for m in gathered.messages
        ],
        offered=[
            replace(m, content=cut[m.seq], token_count=counts[m.seq]) if m.seq in cut else m
            for m in gathered.offered
        ],
    )
