from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import CommandError

from sessions_app import clock, providers
from sessions_app.domain.errors import (
    DamagedSession,
    ProviderError,
    SessionArchived,
    SessionExpired,
    SessionNotFound,
)
from sessions_app.management.arguments import add_walk_arguments
from sessions_app.management.operator import OperatorCommand
from sessions_app.services import audits, context
from sessions_app.services.context import ExtensionOutcome
from sessions_app.services.walks import Pace, Walk

WRONG_USAGE = 2
# A single failure may come from a session's content; so many in a row mean that the server is down.
FAILURES_IN_A_ROW = 3


class Command(OperatorCommand):
    """Brings the rolling summaries up to date."""

    help = (
        "Extend the summary of each session whose window drops messages, until it covers all but "
        "the newest. Calls the model of LLM_BASE_URL about once per 2,000 tokens; needs "
        "CONTEXT_SUMMARY=1. Exit 1 if a call failed, 2 if no model is set. Sessions that are up to "
        "date take no call, so it can be stopped and run again; --resume does not look at them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", help="only this user's sessions (the id)")
        parser.add_argument("--session", help="only this session")
        parser.add_argument("--limit", type=int, help="make at most so many model calls")
        add_walk_arguments(parser)

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Extend until nothing is due, the limit is reached, or the model's server is down."""
        self.provider = _provider(options)
        self.left = options["limit"]
        walk = _walk(self, options)
        self.counts: Counter[str] = Counter(walk.before.counted if walk else {})
        self.failures: list[dict[str, str]] = []
        in_a_row = 0
        # An estimate: how many summaries are due is not known before.
        total = 1 if options["session"] else audits.session_count(user_id=options["user"])
        if walk:
            walk.counts = lambda: dict(self.counts)
        pace = Pace(options["share"])
        with self.progress("sessions", total) as show:
            show(walk.done if walk else 0)
            for session_id, user_id, is_due in _sessions(options, walk):
                failed = len(self.failures)
                try:
                    if is_due:
                        self._bring_up_to_date(session_id, user_id)
                except (SessionNotFound, SessionExpired, SessionArchived):
                    # Deleted or ended meanwhile; only a session that was named must exist.
                    if options["session"]:
                        raise
                show(1)
                if walk:
                    walk.passed(session_id)
                else:
                    pace.rest()
                if is_due:
                    # Any success in between shows that the server is up.
                    in_a_row = in_a_row + 1 if len(self.failures) > failed else 0
                if self.left == 0 or in_a_row == FAILURES_IN_A_ROW:
                    break
        if walk:
            walk.end(stopped=self.left == 0 or in_a_row == FAILURES_IN_A_ROW)
        result = {
            name: self.counts[name]
            for name in ("sessions", "calls", "prompt_tokens", "completion_tokens", "overtaken")
        }
        return {**result, "failures": self.failures}, not self.failures

    def _bring_up_to_date(self, session_id: str, user_id: str) -> None:
        extended = False
        # One call extends by a bounded run, so a long backlog takes several.
        while self.left is None or self.left > 0:
            try:
                done = context.summary_extend(
                    session_id=session_id,
                    user_id=user_id,
                    provider=self.provider,
                    now=clock.now(),
                )
            except DamagedSession as error:
                self.failures.append({"session_id": session_id, "detail": error.problem})
                break
            except ProviderError as error:
                self.failures.append({"session_id": session_id, "detail": error.detail})
                # A failed call counts toward the limit: it may have cost something.
                self._count_call(None, None)
                break
            if done.completion:
                self._count_call(done.completion.prompt_tokens, done.completion.completion_tokens)
            self.counts["overtaken"] += done.outcome is ExtensionOutcome.OVERTAKEN
            if done.outcome is not ExtensionOutcome.EXTENDED:
                break
            extended = True
        self.counts["sessions"] += extended

    def _count_call(self, prompt_tokens: int | None, completion_tokens: int | None) -> None:
        self.counts["calls"] += 1
        self.counts["prompt_tokens"] += prompt_tokens or 0
        self.counts["completion_tokens"] += completion_tokens or 0
        if self.left is not None:
            self.left -= 1

    def describe(self, result: Mapping[str, Any]) -> str:
        """A line per failure, then the counts."""
        lines = [f"{failed['session_id']}: {failed['detail']}" for failed in result["failures"]]
        tokens = result["prompt_tokens"] + result["completion_tokens"]
        lines.append(
            f"{result['sessions']} sessions summarised in {result['calls']} calls, {tokens} tokens"
        )
        return "\n".join(lines)


def _provider(options: Mapping[str, Any]) -> providers.Provider:
    provider = providers.configured()
    if provider is None:
        raise CommandError("No model is set: set LLM_BASE_URL.", returncode=WRONG_USAGE)
    if not context.enabled():
        raise CommandError("Summaries are off: set CONTEXT_SUMMARY=1.", returncode=WRONG_USAGE)
    if options["limit"] is not None and options["limit"] < 1:
        raise CommandError("--limit must be 1 or more.", returncode=WRONG_USAGE)
    if options["resume"] and (options["user"] or options["session"]):
        raise CommandError("--resume is for all sessions.", returncode=WRONG_USAGE)
    return provider


def _walk(command: OperatorCommand, options: Mapping[str, Any]) -> Walk | None:
    """The walk over all sessions; those of one user come in another order, and are few."""
    if options["user"] or options["session"]:
        return None
    return command.walk("summarise_sessions", options)


def _sessions(options: Mapping[str, Any], walk: Walk | None) -> Iterator[tuple[str, str, bool]]:
    """Each session with its owner, and whether its summary may be due."""
    if options["session"]:
        session_id = options["session"]
        # The id alone names the session; its owner is needed to read it.
        owner = options["user"] or context.session_owner(session_id=session_id)
        return iter([(session_id, owner, True)])
    candidates = context.summary_candidates(
        user_id=options["user"], now=clock.now(), after=walk.after if walk else ""
    )
    return ((session.session_id, session.user_id, is_due) for session, is_due in candidates)
