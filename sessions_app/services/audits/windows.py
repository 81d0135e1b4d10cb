"""Replaying stored sessions' windows as of their newest message, and checking every promise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from sessions_app import encoders, tokenizer
from sessions_app.domain.audit.pages import ListedSession
from sessions_app.domain.audit.tally import AuditedSession
from sessions_app.domain.audit.windows import (
    Breach,
    Promise,
    StoredFacts,
    check_refusal,
    check_sent,
    check_window,
    read_facts,
)
from sessions_app.domain.data import Session, Strategy
from sessions_app.domain.dialect import Form
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.tokens import window_cost
from sessions_app.domain.window import (
    ShownSummary,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
)
from sessions_app.repository import audits, log
from sessions_app.services import context, dialects
from sessions_app.services.context import Gathered

# Called with how many sessions have been gone through since the last call.
Progress = Callable[[int], None]

# Both of a pair are planned from the same candidates.
_FAMILIES = ((Strategy.RECENT, Strategy.TOPIC), (Strategy.RELEVANT, Strategy.HYBRID))


def session_count(*, user_id: str | None = None) -> int:
    """About how many sessions there are to go through."""
    return audits.integrity.count_sessions() if user_id is None else audits.pages.count_of(user_id)


def listed_sessions(*, user_id: str | None) -> Iterator[list[ListedSession]]:
    """All sessions, or a user's, in order of `_id`, a page at a time."""
    after = ""
    while page := audits.pages.page(after=after, user_id=user_id):
        yield page
        after = page[-1].session_id


def context_audit(
    *,
    user_id: str | None,
    max_tokens: int | None,
    strategy: Strategy | None,
    since: datetime | None,
    limit: int | None,
    progress: Progress,
) -> Iterator[AuditedSession]:
    """Audit sessions in order of `_id`: all, or a user's, or those with activity from `since` on.

    `max_tokens` and `strategy` stand in for each session's own. Nothing is written: windows are
    planned with the vectors and topics that are there, by words alone where there are none. May
    run beside a live service: what looks broken is read again, and counts only when it still is.
    """
    encoder = encoders.load_encoder()
    left = limit
    for page in listed_sessions(user_id=user_id):
        ids = [listed.session_id for listed in page]
        annotated = audits.pages.with_vectors(ids, encoder.name) if encoder else set()
        for listed in page:
            if since is None or listed.updated_at >= since:
                has_vectors = listed.session_id in annotated
                audited = _confirmed(listed, max_tokens, strategy, has_vectors)
                if audited is not None:
                    yield audited
                    left = None if left is None else left - 1
            progress(1)
            if left == 0:
                return


def _confirmed(
    listed: ListedSession, max_tokens: int | None, strategy: Strategy | None, has_vectors: bool
) -> AuditedSession | None:
    """What two readings agree on: between the reads of one, messages may have come or gone."""
    try:
        first = _audit_one(listed, max_tokens, strategy, has_vectors)
        if not first.breaches:
            return first
        again = _audit_one(listed, max_tokens, strategy, has_vectors)
    except SessionNotFound:
        return None
    return replace(again, breaches=[one for one in again.breaches if one in first.breaches])


def _audit_one(
    listed: ListedSession, max_tokens: int | None, strategy: Strategy | None, has_vectors: bool
) -> AuditedSession:
    facts, plans, breaches = StoredFacts(), dict[Strategy, WindowPlan | None](), list[Breach]()
    replayed = strategy or Strategy.HYBRID
    try:
        session, messages = log.read_all(session_id=listed.session_id, user_id=listed.user_id)
        facts = read_facts(messages, tokenizer.count_tokens, context_start=session.context_start)
        policy = context.window_policy(session, max_tokens, strategy)
        replayed = policy.strategy
        summary = context.summary_shown(session=session, max_tokens=policy.max_tokens)
        for each, gathered in _gathered(session, policy, facts).items():
            own = replace(policy, strategy=each)
            plans[each], found = _replay(facts, own, gathered, summary)
            breaches += found
    except (KeyError, TypeError, ValueError) as error:
        # A document that is not what its declaration says; `check_integrity` tells more.
        breaches.append(Breach(Promise.PLAN, None, repr(error)))
    return AuditedSession(
        session_id=listed.session_id,
        facts=facts,
        replayed=replayed,
        plans=plans,
        breaches=[*facts.breaches, *breaches],
        has_vectors=has_vectors,
    )


def _gathered(
    session: Session, policy: WindowPolicy, facts: StoredFacts
) -> Mapping[Strategy, Gathered]:
    """The candidates of each strategy's window, as a request would gather them.

    Where everything fits, nothing is ranked and every strategy is offered the same: reading the
    vectors and encoding the newest user message, which takes longer than all the rest, is spared.
    """
    found: dict[Strategy, Gathered] = {}
    for family in _FAMILIES:
        gathered = found.get(Strategy.RECENT)
        fits = (
            facts.tokens <= policy.max_tokens
            and facts.messages <= (policy.max_messages or facts.messages)
            and gathered is not None
            and len(gathered.messages) == facts.messages
        )
        if gathered is None or not fits:
            gathered = context.gather(session, replace(policy, strategy=family[0]), None)
        found |= dict.fromkeys(family, gathered)
    return found


def _replay(
    facts: StoredFacts, policy: WindowPolicy, gathered: Gathered, summary: ShownSummary | None
) -> tuple[WindowPlan | None, list[Breach]]:
    """The plan, with the tokens of its messages alone, and what is broken."""
    manner = dialects.known()
    try:
        laid_out, request = context.window_written(gathered, policy, None, summary, manner=manner)
    except WindowBudgetError:
        return None, check_refusal(facts, policy)
    shown = laid_out.summary
    strict = manner.form is not Form.OPENAI
    miscounted = any(breach.promise is Promise.MISCOUNT for breach in facts.breaches)
    as_stored = all(each.as_stored for each in request.sent)
    count = None if as_stored or miscounted else tokenizer.count_tokens
    breaches = check_sent(policy, laid_out.plan, request.messages, count, strict=strict)
    sent = [message.seq for message in laid_out.messages]
    kept = [message for message in laid_out.plan.messages if message.kept]
    cost = sum(window_cost(message.token_count) for message in kept)
    plan = replace(laid_out.plan, token_count=cost)
    rest = replace(policy, max_tokens=policy.max_tokens - (shown.cost if shown else 0))
    return plan, breaches + check_window(facts, rest, laid_out.offered, plan, sent)
