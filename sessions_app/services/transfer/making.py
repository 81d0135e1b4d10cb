"""Makes the records of conversations, each of which can be refused by itself."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sessions_app.domain import foreign
from sessions_app.domain import records as records_rules
from sessions_app.domain.errors import InvalidInput, SessionNotFound
from sessions_app.domain.foreign.conversations import Conversation
from sessions_app.domain.foreign.shapes import OTHER_BRANCH
from sessions_app.domain.records.reading import LineRefused
from sessions_app.domain.records.writing import Record
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log
from sessions_app.services.sessions import policy_default, timeout_at
from sessions_app.services.transfer.attaching import Attaching
from sessions_app.services.transfer.reading import Conversations, StoredConversation
from sessions_app.services.transfer.source import SourceReading
from sessions_app.sources.archives import Archive

logger = logging.getLogger(__name__)

COPY = "copy of a session that is here"
_NO_OWNER = "these conversations name no owner: say whose they become (--user)"
_UNNAMED_FILE = "file of the archive that no conversation names"
# What reading a value of a form that nobody has seen may end with.
_MISREAD = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
Made = TypeVar("Made")


@dataclass(slots=True)
class Making:
    """Makes the records of conversations, for their new owner."""

    user_id: str | None
    now: datetime
    dry_run: bool
    forks: bool
    without_ids: Counter[str] = field(default_factory=Counter)
    policy: Mapping[str, Any] = field(default_factory=lambda: _policy())

    def records(
        self, conversations: Conversations, result: SourceReading, archive: Archive | None
    ) -> Iterator[tuple[int, Record]]:
        """The records of conversations; one that cannot be read is refused by its name."""
        for stored in conversations:
            yield from self._of_conversation(stored, result, archive)
        if archive is not None and archive.unused:
            result.left[_UNNAMED_FILE] += len(archive.unused)

    def _of_conversation(
        self, stored: StoredConversation, result: SourceReading, archive: Archive | None
    ) -> Iterator[tuple[int, Record]]:
        """The records of its current branch, and with `forks` of the others."""
        ends: list[str | None] = [None]
        # It grows when the current branch is read, which knows the others.
        for number, end in enumerate(ends):
            conversation = _attempt(stored, result, partial(self._read, stored, end, number))
            if conversation is None:
                continue
            owner = self.user_id or conversation.owner
            if owner is None:
                # A guess would give a conversation to the wrong user.
                raise InvalidInput(_NO_OWNER)
            made = _attempt(stored, result, partial(self._made, conversation, owner, archive))
            if made is None:
                continue
            if end is None:
                result.branches += len(conversation.other_ends)
                ends += conversation.other_ends if self.forks else []
            for record in made:
                yield stored.line, record
            # Making the records counts as well.
            result.left.update(conversation.left)
            result.changed.update(conversation.changed)

    def _read(self, stored: StoredConversation, end: str | None, number: int) -> Conversation:
        conversation = stored.read(end)
        if not conversation.source_id:
            name = foreign.conversations.content_id(conversation)
            self.without_ids[name] += 1
            again = self.without_ids[name]
            conversation.source_id = name if again == 1 else f"{name}-{again}"
        if self.forks:
            conversation.left.pop(OTHER_BRANCH, None)
        if end is not None:
            conversation.source_id = f"{conversation.source_id}#{end}"
            conversation.title = f"{conversation.title[:180]} (branch {number + 1})".strip()
        return conversation

    def _made(
        self, conversation: Conversation, owner: str, archive: Archive | None
    ) -> list[Record]:
        self._note_copy(conversation, owner)
        attach = Attaching(archive, user_id=owner, now=self.now, dry_run=self.dry_run)
        made = foreign.conversations.records(
            conversation,
            user_id=owner,
            policy=self.policy,
            expires_at=timeout_at(lifecycle.to_milliseconds(self.now), None),
            now=self.now,
            attach=attach,
        )
        return [records_rules.writing.spelt(record) for record in made]

    def _note_copy(self, conversation: Conversation, owner: str) -> None:
        """Say that a session of this service comes back beside the one that it was."""
        if conversation.source != foreign.own_session.SOURCE:
            return
        try:
            log.read_header(session_id=conversation.source_id, user_id=owner)
        except (SessionNotFound, InvalidInput):
            return
        conversation.changed[COPY] += 1


def _attempt(
    stored: StoredConversation, result: SourceReading, make: Callable[[], Made]
) -> Made | None:
    """What `make` makes; None where it is refused, which is noted by the conversation's name."""
    try:
        return make()
    except InvalidInput as error:
        result.refuse(_named(stored, error.detail))
    except _MISREAD as error:
        logger.exception("a conversation could not be read")
        result.refuse(_named(stored, _unknown_form(error)))
    return None


def _unknown_form(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"it is in a form that is not known here ({type(error).__name__})"


def _policy() -> Mapping[str, Any]:
    return {
        name: getattr(value, "value", value) for name, value in asdict(policy_default()).items()
    }


def _named(stored: StoredConversation, reason: str) -> InvalidInput:
    if reason.startswith("line "):
        return InvalidInput(reason)
    where = f"conversation {stored.name}: {reason}"
    return LineRefused(stored.line, where) if stored.line else InvalidInput(where)
