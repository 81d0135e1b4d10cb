"""Imports sessions from records, whatever their source."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from sessions_app import tokenizer
from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.errors import InvalidInput, QuotaReached, SessionNotFound
from sessions_app.domain.parts import are_parts, is_kept
from sessions_app.domain.quotas import Usage
from sessions_app.domain.records.reading import LineRefused
from sessions_app.domain.records.writing import Record
from sessions_app.repository import records, sessions
from sessions_app.repository.log import Stored
from sessions_app.repository.records.importing import Gathered
from sessions_app.services import attachments, quotas, receipts, search
from sessions_app.services.attachments import carrying
from sessions_app.services.attachments.carrying import Found
from sessions_app.services.progress import Progress

Refuse = Callable[[InvalidInput], None]

# Sessions are stored together up to either bound: fewer round trips, bounded memory.
_BATCH_SESSIONS = 200
_BATCH_BYTES = 8 * 1024 * 1024
_SHOWN_IDS = 20


@dataclass(slots=True)
class ImportReport:
    """The counts of an import. `left` counts, by name, what was not imported.

    `sessions`, `messages`, `tool_calls` and `attached`, the attachments that messages refer to, are
    of sessions that were not there; `attachments` counts those that stood in the file themselves.

    `already_there` counts sessions that exist and were left alone, `grown` those of them with more
    messages in the file, `of_erased_users` those whose owners were erased, `recounted` those whose
    totals in the file were wrong. `session_ids` are the first few, whether they were there or not.
    """

    sessions: int = 0
    messages: int = 0
    already_there: int = 0
    grown: int = 0
    of_erased_users: int = 0
    recounted: int = 0
    attachments: int = 0
    attached: int = 0
    tool_calls: int = 0
    left: Counter[str] = field(default_factory=Counter)
    session_ids: list[str] = field(default_factory=list)


def sessions_import(
    *,
    numbered: Iterable[tuple[int, Record]],
    user_id: str | None,
    dry_run: bool,
    progress: Progress,
    found: Found | None = None,
    refuse: Refuse | None = None,
    metered: bool = False,
    report: ImportReport | None = None,
) -> ImportReport:
    """Store the sessions of `numbered` records, each session followed by its messages.

    All become `user_id`'s, or stay with their owners where it is None. Sessions that exist are left
    alone, so an import that stopped anywhere is finished by running it again. With `dry_run`
    nothing is written. `found` gives the bytes of attachments that lie beside the records. With
    `metered`, the owners' quotas bound it. Raises LineRefused; the sessions before that line are
    stored whole. With `refuse`, a session that is wrong goes there, and the import goes on behind
    it. Raises QuotaReached. `report` is what is counted in, to be read meanwhile.
    """
    importer = _Importer(user_id, dry_run=dry_run, found=found, metered=metered, report=report)
    number = 0
    for number, record in numbered:
        importer.attempt(number, partial(importer.take, record), refuse)
        progress(1)
    importer.attempt(number, importer.finish, refuse)
    return importer.report


class _Importer:
    """An import in progress: the current session, and those that wait to be stored together."""

    def __init__(
        self,
        user_id: str | None,
        *,
        dry_run: bool,
        found: Found | None,
        metered: bool,
        report: ImportReport | None,
    ) -> None:
        self.report = report or ImportReport()
        self._found, self._metered = found, metered
        # Whether records are passed over until the next session begins.
        self._is_passing = False
        self._referred: dict[str, None] = {}
        self._user_id, self._dry_run = user_id, dry_run
        self._current: Gathered | None = None
        self._waiting: list[Gathered] = []

    def attempt(self, number: int, step: Callable[[], None], refuse: Refuse | None) -> None:
        """Take a step of the import; what is wrong in it is refused, or raised as LineRefused."""
        try:
            step()
        except (InvalidInput, RecursionError) as error:
            wrong = error if isinstance(error, InvalidInput) else InvalidInput("nested too deeply")
            if refuse is None:
                raise self._refusal(number, wrong) from error
            refuse(wrong if isinstance(wrong, LineRefused) else LineRefused(number, wrong.detail))
            self._drop()

    def take(self, record: Record) -> None:
        """Take the next record; raises InvalidInput."""
        if self._is_passing and record["type"] == "message":
            return
        self._is_passing = False
        match record["type"]:
            case "session":
                self._end_session()
                if self._user_id is not None:
                    record = {**record, "user_id": self._user_id}
                self._current = records.importing.begin(record)
            case "message":
                if self._current is None:
                    raise InvalidInput("a message before the first session")
                owner = str(self._current.document["user_id"])
                record, referred = carrying.of_owner(record, owner)
                self._referred.update(dict.fromkeys(referred))
                run = records.importing.add(self._current, _counted(record))
                # After it: what has been added has the types that it must have.
                self._current.tool_calls += len(record.get("tool_calls") or ())
                self._current.attached += sum(map(is_kept, record.get("parts") or ()))
                self._store_bucket(run)
            case carrying.ATTACHMENT:
                self._restore(record)
            # Records that exports may add later, or that only personal exports have.
            case other:
                self.report.left[other] += 1

    def _restore(self, record: Record) -> None:
        owner = self._user_id or record.get("user_id")
        if isinstance(owner, str) and receipts.is_erased(owner):
            return
        try:
            self.report.attachments += carrying.restore(
                record,
                user_id=self._user_id,
                found=self._found,
                dry_run=self._dry_run,
                metered=self._metered,
            )
        except QuotaReached:
            # The sessions before this one have all of their files.
            self._store_waiting()
            raise
        # Looked at again, as an erasure may have gone by meanwhile.
        if isinstance(owner, str) and not self._dry_run and receipts.is_erased(owner):
            attachments.remove_all_of(user_id=owner)

    def finish(self) -> None:
        """Store the sessions that still wait."""
        self._end_session()
        self._store_waiting()

    def _drop(self) -> None:
        """Forget the current session, of which nobody has seen anything yet."""
        current, self._current, self._referred = self._current, None, {}
        self._is_passing = True
        if current is not None and current.passed_over is False:
            records.importing.take_back(current.session_id)

    def _refusal(self, number: int, error: InvalidInput) -> LineRefused:
        """Store what was complete before the line `number`, and return the error to raise."""
        self._store_waiting()
        return error if isinstance(error, LineRefused) else LineRefused(number, error.detail)

    def _store_bucket(self, run: Stored | None) -> None:
        current = self._current
        if run is None or current is None:
            return
        # Decided at the first bucket of a long session, before anything of it is stored.
        if current.passed_over is None:
            current.passed_over = (
                self._dry_run
                or current.session_id in records.importing.message_counts([current.session_id])
                or receipts.is_erased(_owner(current))
            )
        if not current.passed_over:
            records.importing.store_bucket(run)

    def _end_session(self) -> None:
        current = self._current
        if current is None:
            return
        for run in records.importing.remaining(current):
            self._store_bucket(run)
        current.document = records.importing.completed(current)
        if self._referred and not self._dry_run:
            # Before the session is there: what it refers to is not swept.
            carrying.link(current.session_id, list(self._referred))
        self._referred = {}
        # Cleared before storing: an error must not store the session twice.
        self._current = None
        self._waiting.append(current)
        size = sum(gathered.tail_bytes for gathered in self._waiting)
        if len(self._waiting) >= _BATCH_SESSIONS or size >= _BATCH_BYTES:
            self._store_waiting()

    def _store_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        room = _SHOWN_IDS - len(self.report.session_ids)
        self.report.session_ids += [gathered.session_id for gathered in waiting[:room]]
        stored_counts = records.importing.message_counts(
            [gathered.session_id for gathered in waiting]
        )
        new: dict[str, Gathered] = {}
        for gathered in waiting:
            # Twice in one file counts as already there.
            if gathered.session_id in stored_counts or gathered.session_id in new:
                self.report.already_there += 1
                stored_count = stored_counts.get(gathered.session_id, gathered.message_count)
                self.report.grown += gathered.message_count > stored_count
            else:
                new[gathered.session_id] = gathered
        # Receipts are checked for each owner, not for each session.
        new = self._without_erased(new)
        documents = [gathered.document for gathered in new.values()]
        if documents and not self._dry_run:
            self._take_room(new.values())
            stored = records.importing.insert_sessions(documents)
            # Their activity is in the past, behind the progress of the index.
            search.fall_back((each["user_id"], each["updated_at"]) for each in documents)
            self.report.already_there += len(new) - len(stored)
            others = [new[session_id] for session_id in new.keys() - stored]
            new = {session_id: new[session_id] for session_id in new if session_id in stored}
            self._count(new.values(), others)
            # Checked again after the write: an erasure that began in between has missed some.
            allowed = self._without_erased(new)
            for gathered in (new[session_id] for session_id in new if session_id not in allowed):
                _take_back(gathered)
            new = allowed
        for gathered in new.values():
            self.report.sessions += 1
            self.report.messages += gathered.message_count
            self.report.tool_calls += gathered.tool_calls
            self.report.attached += gathered.attached
            counted = (gathered.message_count, gathered.tokens)
            self.report.recounted += any(
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

    def _count(self, stored: Iterable[Gathered], others: Iterable[Gathered]) -> None:
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
        self.report.of_erased_users += len(sessions) - len(allowed)
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


def _counted(record: Record) -> Record:
    """The message with its tokens counted where it has no count."""
    # Our own exports have counts; counting again takes most of an import.
    if "token_count" in record:
        return record
    content, name, calls, attached = (
        record.get(key) for key in ("content", "name", "tool_calls", "parts")
    )
    count = message_tokens(
        tokenizer.count_tokens,
        # A value of another type is refused when the message is decoded.
        content if isinstance(content, str) else "",
        name=name if isinstance(name, str) else None,
        tool_calls=calls if isinstance(calls, list) else (),
        attached=attached if are_parts(attached) else None,
    )
    return {**record, "token_count": count}
