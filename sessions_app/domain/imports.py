"""Imports that a user has asked for: how far each has come, and what came of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

PREFIX = "imp_"
# Its process says this often that it is at work, and is taken for dead after so long.
BEAT_SECONDS = 1.0
LEASE = timedelta(seconds=120)
INTERRUPTED = (
    "The process that read this file has ended. Send the same file again: the import goes on where "
    "it was, and doubles nothing."
)


class ImportStatus(StrEnum):
    """How an import stands; one whose process has died is `interrupted`."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One import. `fraction` is how much of the file has been read, where that can be told.

    `already_there` counts sessions that were left alone, `copies` those whose original is here as
    well; `session_ids` are the first few. `refused` names what could not be read, `changed` and
    `left` count by name. `problem` says why it ended early.
    """

    import_id: str
    user_id: str
    status: ImportStatus
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    format: str = ""
    fraction: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    refused: Sequence[str] = ()
    session_ids: Sequence[str] = ()
    problem: str = ""

    def standing(self, now: datetime) -> ImportStatus:
        """Its status at a moment."""
        is_dead = self.status is ImportStatus.RUNNING and self.updated_at + LEASE < now
        return ImportStatus.INTERRUPTED if is_dead else self.status

    def said(self, now: datetime) -> str:
        """What to say of it at a moment: its problem, or what to do when it was interrupted."""
        is_cut_off = self.standing(now) is ImportStatus.INTERRUPTED
        return INTERRUPTED if is_cut_off else self.problem


def import_id_of(user_id: str, sha256: str, options: Mapping[str, object]) -> str:
    """The id of an import: the same for the same file, user and options."""
    said = json.dumps([user_id, sha256, options], sort_keys=True)
    return PREFIX + hashlib.sha256(said.encode()).hexdigest()[:32]
