"""Stores the sessions of an import, many together, and counts what came of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sessions_app.domain.errors import QuotaReached, SessionNotFound
from sessions_app.domain.quotas import Usage
from sessions_app.repository import records, sessions
from sessions_app.repository.records.importing import Gathered
from sessions_app.services import quotas, receipts, search
from sessions_app.services.transfer import tokens
from sessions_app.services.transfer.report import ImportReport

# Sessions are stored together up to either bound: fewer round trips, bounded memory.
_BATCH_SESSIONS = 200
_BATCH_BYTES = 8 * 1024 * 1024
_SHOWN_IDS = 20


class Storing:
    """Whole sessions that wait to be stored together; their buckets are stored already.

    On a `dry_run` they are counted only. With `metered`, their owners' quotas bound them.
    """

    def __init__(self, report: ImportReport, *, dry_run: bool, metered: bool) -> None:
        self._report, self._dry_run, self._metered = report, dry_run, metered
        self._waiting: list[Gathered] = []
        self._bytes = 0

    def add(self, gathered: Gathered) -> None:
        """Take one more, and store them where they are many."""
        self._waiting.append(gathered)
        self._bytes += gathered.tail_bytes
        if len(self._waiting) >= _BATCH_SESSIONS or self._bytes >= _BATCH_BYTES:
            self.store()

    def store(self) -> None:
        """Store the sessions that wait, and count them; raises QuotaReached."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        room = _SHOWN_IDS - len(self._report.session_ids)
        self._report.session_ids += [gathered.session_id for gathered in waiting[:room]]
        # Receipts are checked for each owner, not for each session.
        new = self._without_erased(self._without_known(waiting))
        for gathered in new.values():
            tokens.count(gathered)
        if new and not self._dry_run:
            new = self._inserted(new)
        for gathered in new.values():
            self._count_stored(gathered)

    def _without_known(self, waiting: Sequence[Gathered]) -> dict[str, Gathered]:
        """The sessions that are not there; counts the others."""
        stored_counts = records.importing.message_counts([each.session_id for each in waiting])
        new: dict[str, Gathered] = {}
        for gathered in waiting:
            # Twice in one file counts as already there.
            if gathered.session_id in stored_counts or gathered.session_id in new:
                self._report.already_there += 1
                stored_count = stored_counts.get(gathered.session_id, gathered.message_count)
                self._report.grown += gathered.message_count > stored_count
            else:
                new[gathered.session_id] = gathered
        return new

    def _inserted(self, new: dict[str, Gathered]) -> dict[str, Gathered]:
        """Store sessions; those that are there now, by this import."""
        self._take_room(new.values())
        documents = [gathered.document for gathered in new.values()]
        stored = records.importing.insert_sessions(documents)
        # Their activity is in the past, behind the progress of the index.
        search.fall_back((each["user_id"], each["updated_at"]) for each in documents)
        self._report.already_there += len(new) - len(stored)
        others = [new[session_id] for session_id in new.keys() - stored]
        new = {session_id: new[session_id] for session_id in new if session_id in stored}
        self._count_usage(new.values(), others)
        # Checked again after the write: an erasure that began in between has missed some.
        allowed = self._without_erased(new)
        for gathered in (new[session_id] for session_id in new if session_id not in allowed):
            _take_back(gathered)
        return allowed

    def _count_stored(self, gathered: Gathered) -> None:
        self._report.sessions += 1
        self._report.messages += gathered.message_count
        self._report.tool_calls += gathered.tool_calls
        self._report.attached += gathered.attached
        counted = (gathered.message_count, gathered.tokens)
        self._report.recounted += any(
            declared not in (None, actual)
            for declared, actual in zip(gathered.declared, counted, strict=True)
        )

    def _take_room(self, sessions: Collection[Gathered]) -> None:
        """Count sessions for their owners' quotas before they are there; raises QuotaReached."""
        if not self._metered:
            return
        taken: dict[str, Usage] = {}
        for owner, need in _usages(sessions).items():
            try:
                quotas.take(owner, need)
            except QuotaReached:
                for other, unused in taken.items():
                    quotas.give_back(other, unused)
                for gathered in sessions:
                    records.importing.take_back(gathered.session_id)
                raise
            taken[owner] = need

    def _count_usage(self, stored: Iterable[Gathered], others: Iterable[Gathered]) -> None:
        """Count what was stored, where it has not been, and take back what was for the others."""
        if not self._metered:
            for owner, usage in _usages(stored).items():
                quotas.note(owner, usage)
            return
        for owner, unused in _usages(others).items():
            quotas.give_back(owner, unused)

    def _without_erased(self, sessions: dict[str, Gathered]) -> dict[str, Gathered]:
        """The sessions whose owners have not been erased; counts the others."""
        erased = {
            owner for owner in set(map(_owner, sessions.values())) if receipts.is_erased(owner)
        }
        allowed = {name: each for name, each in sessions.items() if _owner(each) not in erased}
        self._report.of_erased_users += len(sessions) - len(allowed)
        return allowed


def _owner(gathered: Gathered) -> str:
    return str(gathered.document["user_id"])


def _usages(sessions: Iterable[Gathered]) -> dict[str, Usage]:
    """What sessions count for each of their owners: one step for all of a batch."""
    usages: defaultdict[str, Usage] = defaultdict(Usage)
    for gathered in sessions:
        usages[_owner(gathered)] += gathered.usage
    return usages


def _take_back(gathered: Gathered) -> None:
    try:
        removed = sessions.delete(session_id=gathered.session_id, user_id=_owner(gathered))
        quotas.note(_owner(gathered), -removed)
    # The erasure was faster.
    except SessionNotFound:
        return
