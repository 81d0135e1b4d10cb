"""What the jobs do, in bounded steps, each of which is safe beside a service and beside commands.

Each takes its `Running`, and returns whether all that was due is done.
"""

from sessions_app import clock, encoders, providers
from sessions_app.domain.errors import (
    DamagedSession,
    ProviderError,
    SessionArchived,
    SessionExpired,
    SessionNotFound,
)
from sessions_app.domain.sessions.expiry import Fate
from sessions_app.providers import Provider
from sessions_app.services import attachments, audits, context, expiry, file_texts, search
from sessions_app.services.context import ExtensionOutcome
from sessions_app.services.jobs.running import Running

_SEARCH_SECONDS = 0.5
# A single failure may come from a session's content; so many in a row mean that the server is down.
_FAILURES_IN_A_ROW = 3


def expire(running: Running) -> bool:
    """Archive or delete what has expired, then purge, as `expire_sessions` does."""
    swept = expiry.expiry_sweep(
        expiry.expiry_plan(mode=None, now=clock.now()),
        limit=None,
        progress=lambda _: None,
        now=clock.now,
        # It keeps to a rate of its own.
        stopped=lambda: not running.goes_on(),
    )
    running.counts.update({fate.value: swept.counts.get(fate.value, 0) for fate in Fate})
    return swept.complete


def index_searches(running: Running) -> bool:
    """Index what has been said since the last run, the oldest activity first."""
    while running.goes_on():
        backlog = search.catch_up(user_id=None, seconds=_SEARCH_SECONDS, now=clock.now())
        running.counts["sessions"] += backlog.indexed_sessions
        running.counts["messages"] += backlog.indexed_messages
        if not backlog.sessions:
            return True
        running.rest()
    return False


def sweep_attachments(running: Running) -> bool:
    """Prepare and remove attachments, as `sweep_attachments` does."""
    running.counts["prepared"] += attachments.attachments_prepare(
        text_read=file_texts.derive_again, goes_on=running.goes_on
    )
    swept = attachments.attachments_sweep(now=clock.now(), goes_on=running.goes_on)
    running.counts["attachments"] += swept.attachments
    running.counts["unfinished"] += swept.unfinished
    return swept.complete


def topics_wanted() -> bool:
    """Whether vectors can be made here."""
    return encoders.available()


def judge_topics(running: Running) -> bool:
    """Walk all sessions and annotate what is missing, on from where the last run stopped."""
    walk = audits.annotations_catch_up(after=running.position)
    while running.goes_on():
        step = next(walk, None)
        if step is None:
            running.position = ""
            return True
        session_id, rebuilt = step
        running.position = session_id
        running.counts["looked_at"] += 1
        if rebuilt is not None:
            running.counts["sessions"] += 1
            running.counts["messages"] += rebuilt.messages
        running.rest()
    return False


def summaries_wanted() -> bool:
    """Whether CONTEXT_SUMMARY is on and a model is set."""
    return context.enabled() and providers.configured() is not None


def write_summaries(running: Running) -> bool:
    """Walk all sessions and extend the summaries that are due, on from the last run.

    Raises ProviderError when the model's server is down.
    """
    provider = providers.configured()
    if provider is None:
        return True
    in_a_row = 0
    for session, is_due in context.summary_candidates(
        user_id=None, now=clock.now(), after=running.position
    ):
        if not running.goes_on():
            return False
        try:
            if is_due and not _extend(session.session_id, session.user_id, provider, running):
                return False
            in_a_row = 0 if is_due else in_a_row
        except (SessionNotFound, SessionExpired, SessionArchived):
            pass  # deleted or ended meanwhile
        except DamagedSession:
            running.counts["damaged"] += 1
        except ProviderError:
            running.counts["failures"] += 1
            in_a_row += 1
            if in_a_row == _FAILURES_IN_A_ROW:
                raise
        running.position = session.session_id
        running.rest()
    running.position = ""
    return True


def _extend(session_id: str, user_id: str, provider: Provider, running: Running) -> bool:
    """Bring a session's summary up to date; False where the run has to end before."""
    while running.goes_on():
        done = context.summary_extend(
            session_id=session_id, user_id=user_id, provider=provider, now=clock.now()
        )
        if done.completion is not None:
            running.counts["calls"] += 1
        if done.outcome is not ExtensionOutcome.EXTENDED:
            return True
        running.counts["extended"] += 1
    return False
