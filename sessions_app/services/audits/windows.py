"""Replays stored sessions' windows as of their newest message, and checks every promise."""

from collections.abc import Iterator, Mapping
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
from sessions_app.domain.errors import DamagedSession, SessionNotFound
from sessions_app.domain.texts.tokens import window_cost
from sessions_app.domain.window import (
    ShownSummary,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
)
from sessions_app.repository import audits, log
from sessions_app.services import context, dialects
from sessions_app.services.context import Candidates
from sessions_app.services.progress import Progress
from sessions_app.services.walks import Walk

# The two strategies of a pair are planned from the same candidates.
_FAMILIES = ((Strategy.RECENT, Strategy.TOPIC), (Strategy.RELEVANT, Strategy.HYBRID))


def session_count(*, user_id: str | None = None) -> int:
    """An estimate of the number of sessions, all or a user's."""
    return audits.integrity.count_sessions() if user_id is None else audits.pages.count_of(user_id)


def listed_sessions(*, user_id: str | None, after: str = "") -> Iterator[list[ListedSession]]:
    """All sessions, or a user's, in order of `_id` from `after` on, page by page."""
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
    walk: Walk | None = None,
) -> Iterator[AuditedSession]:
    """Audit sessions in order of `_id`: all, or a user's, or those with activity since `since`.

    `max_tokens` and `strategy` replace each session's own. Writes nothing: windows are planned with
    the stored vectors and topics, and by words alone where there are none. Safe beside a live
    service: a breach counts only when a second reading shows it again. With `walk` it goes on
    where that is.
    """
    encoder = encoders.load_encoder()
    left = limit
    for page in listed_sessions(user_id=user_id, after=walk.after if walk else ""):
        ids = [listed.session_id for listed in page]
        # One query per page rather than one per session.
        annotated = audits.pages.with_vectors(ids, encoder.name) if encoder else set()
        for listed in page:
            if since is None or listed.updated_at >= since:
                has_vectors = listed.session_id in annotated
                audited = _confirmed(listed, max_tokens, strategy, has_vectors)
                if audited is not None:
                    yield audited
                    left = None if left is None else left - 1
            progress(1)
            if walk:
                walk.passed(listed.session_id)
            if left == 0:
                return


def _confirmed(
    listed: ListedSession, max_tokens: int | None, strategy: Strategy | None, has_vectors: bool
) -> AuditedSession | None:
    """The breaches of two readings: messages may come and go between the reads of one."""
    try:
        first = _audit(listed, max_tokens, strategy, has_vectors)
        # Almost every session: the second reading is only for a suspicion.
        if not first.breaches:
            return first
        again = _audit(listed, max_tokens, strategy, has_vectors)
    except SessionNotFound:
        return None
    return replace(
        again, breaches=[breach for breach in again.breaches if breach in first.breaches]
    )


def _audit(
    listed: ListedSession, max_tokens: int | None, strategy: Strategy | None, has_vectors: bool
) -> AuditedSession:
    facts, plans, breaches = StoredFacts(), dict[Strategy, WindowPlan | None](), list[Breach]()
    # In case the session cannot be read: the report needs a strategy.
    replayed = strategy or Strategy.HYBRID
    try:
        session, messages = log.read_all(session_id=listed.session_id, user_id=listed.user_id)
        facts = read_facts(messages, tokenizer.count_tokens, context_start=session.context_start)
        policy = context.window_policy(session, max_tokens, strategy)
        replayed = policy.strategy
        summary = context.summary_shown(session=session, max_tokens=policy.max_tokens)
        for each, gathered in _gathered(session, policy, facts).items():
            own = replace(policy, strategy=each)
            plans[each], broken = _replay(facts, own, gathered, summary)
            breaches += broken
    except (KeyError, TypeError, ValueError, DamagedSession) as error:
        # The stored document is invalid; `check_integrity` says how.
        problem = error.problem if isinstance(error, DamagedSession) else repr(error)
        breaches.append(Breach(Promise.PLAN, None, problem))
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
) -> Mapping[Strategy, Candidates]:
    """The candidates of each strategy's window, as a request gathers them.

    Where everything fits, nothing is ranked, and all strategies get the same candidates. That saves
    reading vectors and encoding the newest user message, which take longer than all the rest.
    """
    by_strategy: dict[Strategy, Candidates] = {}
    for family in _FAMILIES:
        gathered = by_strategy.get(Strategy.RECENT)
        fits = (
            facts.tokens <= policy.max_tokens
            and facts.messages <= (policy.max_messages or facts.messages)
            and gathered is not None
            and len(gathered.messages) == facts.messages
        )
        if gathered is None or not fits:
            gathered = context.gather(session, replace(policy, strategy=family[0]), None)
        by_strategy |= dict.fromkeys(family, gathered)
    return by_strategy


def _replay(
    facts: StoredFacts, policy: WindowPolicy, gathered: Candidates, summary: ShownSummary | None
) -> tuple[WindowPlan | None, list[Breach]]:
    """The plan, with the tokens of its messages alone, and its breaches."""
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
