"""Imports sessions from records, whatever their source."""

from collections.abc import Callable, Iterable
from functools import partial

from sessions_app.domain.errors import InvalidInput, QuotaReached
from sessions_app.domain.parts import is_kept
from sessions_app.domain.records.reading import LineRefused
from sessions_app.domain.records.writing import Record
from sessions_app.repository import records
from sessions_app.repository.log import Stored
from sessions_app.repository.records.importing import Gathered
from sessions_app.services import attachments, receipts
from sessions_app.services.attachments import carrying
from sessions_app.services.attachments.carrying import Found
from sessions_app.services.progress import Progress
from sessions_app.services.transfer import tokens
from sessions_app.services.transfer.report import ImportReport
from sessions_app.services.transfer.storing import Storing

Refuse = Callable[[InvalidInput], None]


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
    """An import in progress: the session whose records come now, and those that wait."""

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
        self._storing = Storing(self.report, dry_run=dry_run, metered=metered)

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
                run = tokens.added(self._current, record)
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
            self._storing.store()
            raise
        # Looked at again, as an erasure may have gone by meanwhile.
        if isinstance(owner, str) and not self._dry_run and receipts.is_erased(owner):
            attachments.remove_all_of(user_id=owner)

    def finish(self) -> None:
        """Store the sessions that still wait."""
        self._end_session()
        self._storing.store()

    def _drop(self) -> None:
        """Forget the current session, of which nobody has seen anything yet."""
        current, self._current, self._referred = self._current, None, {}
        self._is_passing = True
        if current is not None and current.passed_over is False:
            records.importing.take_back(current.session_id)

    def _refusal(self, number: int, error: InvalidInput) -> LineRefused:
        """Store what was complete before the line `number`, and return the error to raise."""
        self._storing.store()
        return error if isinstance(error, LineRefused) else LineRefused(number, error.detail)

    def _store_bucket(self, run: Stored | None) -> None:
        current = self._current
        if run is None or current is None:
            return
        tokens.count_bucket(current, run)
        # Decided at the first bucket of a long session, before anything of it is stored.
        if current.passed_over is None:
            current.passed_over = (
                self._dry_run
                or current.session_id in records.importing.message_counts([current.session_id])
                or receipts.is_erased(str(current.document["user_id"]))
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
        self._storing.add(current)
