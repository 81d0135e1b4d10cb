"""Importing sessions: from records, whatever they were made of."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sessions_app import tokenizer
from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.errors import InvalidInput, SessionNotFound
from sessions_app.domain.records.reading import LineRefused
from sessions_app.domain.records.writing import Record
from sessions_app.repository import records, sessions
from sessions_app.repository.log import Stored
from sessions_app.repository.records.importing import Gathered
from sessions_app.services import receipts, search

_BATCH_SESSIONS = 200
_BATCH_BYTES = 8 * 1024 * 1024

# Called with how many records have been gone through since the last call.
Progress = Callable[[int], None]


@dataclass(slots=True)
class Imported:
    """What an import did. `left` names what was not taken over, and how often it occurred.

    `already_there` counts sessions that were passed over, `grown` those of them that have more
    messages in the file than here, `of_erased_users` those that nobody may bring back.
    """

    sessions: int = 0
    messages: int = 0
    already_there: int = 0
    grown: int = 0
    of_erased_users: int = 0
    recounted: int = 0
    left: Counter[str] = field(default_factory=Counter)


def sessions_import(
    *,
    numbered: Iterable[tuple[int, Record]],
    user_id: str | None,
    dry_run: bool,
    progress: Progress,
) -> Imported:
    """Store the sessions of `numbered` records, each session followed by its messages.

    All go to `user_id`, or stay with their owners. Sessions that are there are left alone, so an
    import that stopped anywhere is finished by the next. With `dry_run` nothing is written.
    Raises LineRefused; the sessions before that line are stored, and none in part.
    """
    run = _Import(user_id, dry_run=dry_run)
    number = 0
    for number, record in numbered:
        try:
            run.take(record)
        except InvalidInput as error:
            raise run.refusal(number, error) from error
        progress(1)
    try:
        run.finish()
    except InvalidInput as error:
        raise run.refusal(number, error) from error
    return run.done


class _Import:
    """The session at hand, and those that wait to be stored together."""

    def __init__(self, user_id: str | None, *, dry_run: bool) -> None:
        self.done = Imported()
        self._user_id, self._dry_run = user_id, dry_run
        self._current: Gathered | None = None
        self._waiting: list[Gathered] = []

    def take(self, record: Record) -> None:
        """Go on with the next record; raises InvalidInput."""
        match record["type"]:
            case "session":
                self._end_session()
                if self._user_id is not None:
                    record = {**record, "user_id": self._user_id}
                self._current = records.importing.begin(record)
            case "message":
                if self._current is None:
                    raise InvalidInput("a message before the first session")
                self._store_bucket(records.importing.add(self._current, _counted(record)))
            case other:
                self.done.left[other] += 1

    def finish(self) -> None:
        """Store what is still waiting."""
        self._end_session()
        self._store_waiting()

    def refusal(self, number: int, error: InvalidInput) -> LineRefused:
        """Why the file was refused, after storing what was complete before that line."""
        self._store_waiting()
        return error if isinstance(error, LineRefused) else LineRefused(number, error.detail)

    def _store_bucket(self, run: Stored | None) -> None:
        current = self._current
        if run is None or current is None:
            return
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
        self._current = None
        self._waiting.append(current)
        size = sum(gathered.tail_bytes for gathered in self._waiting)
        if len(self._waiting) >= _BATCH_SESSIONS or size >= _BATCH_BYTES:
            self._store_waiting()

    def _store_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        there = records.importing.message_counts([gathered.session_id for gathered in waiting])
        new: dict[str, Gathered] = {}
        for gathered in waiting:
            if gathered.session_id in there or gathered.session_id in new:
                self.done.already_there += 1
                known = there.get(gathered.session_id, gathered.message_count)
                self.done.grown += gathered.message_count > known
            else:
                new[gathered.session_id] = gathered
        new = self._without_erased(new)
        documents = [gathered.document for gathered in new.values()]
        if documents and not self._dry_run:
            stored = records.importing.insert_sessions(documents)
            search.fall_back((each["user_id"], each["updated_at"]) for each in documents)
            self.done.already_there += len(new) - len(stored)
            new = {session_id: new[session_id] for session_id in new if session_id in stored}
            # Asked again afterwards: an erasure that began meanwhile has not seen them all.
            kept = self._without_erased(new)
            for gathered in (new[session_id] for session_id in new if session_id not in kept):
                _take_back(gathered)
            new = kept
        for gathered in new.values():
            self.done.sessions += 1
            self.done.messages += gathered.message_count
            counted = (gathered.message_count, gathered.tokens)
            self.done.recounted += any(
                said not in (None, is_)
                for said, is_ in zip(gathered.declared, counted, strict=True)
            )

    def _without_erased(self, found: dict[str, Gathered]) -> dict[str, Gathered]:
        """Those whose owners have not been erased."""
        erased = {owner for owner in set(map(_owner, found.values())) if receipts.is_erased(owner)}
        kept = {name: each for name, each in found.items() if _owner(each) not in erased}
        self.done.of_erased_users += len(found) - len(kept)
        return kept


def _owner(gathered: Gathered) -> str:
    return str(gathered.document["user_id"])


def _take_back(gathered: Gathered) -> None:
    try:
        sessions.delete(session_id=gathered.session_id, user_id=_owner(gathered))
    except SessionNotFound:
        return


def _counted(record: Record) -> Record:
    """The message with its tokens counted, when it does not say how many they are."""
    if "token_count" in record:
        return record
    content, name, calls = (record.get(key) for key in ("content", "name", "tool_calls"))
    count = message_tokens(
        tokenizer.count_tokens,
        # What is of another type is refused in a moment.
        content if isinstance(content, str) else "",
        name=name if isinstance(name, str) else None,
        tool_calls=calls if isinstance(calls, list) else (),
    )
    return {**record, "token_count": count}
