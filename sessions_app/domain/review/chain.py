"""The read log as a hash chain: who changes, removes or inserts a line breaks it from there on.

A line's digest covers the digest before it. What an erasure takes out of a line is covered by
seals of its own, each with a salt that goes with it: the chain stays whole, and nobody can try out
who it was about.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

START = ""
_PSEUDONYM = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ChainedLine:
    """A line's stored fields, as far as the chain covers them."""

    seq: int
    id: str
    at: datetime
    act: str
    staff_id: str
    staff_name: str
    session_id: str
    user_id: str
    reason: str
    detail: str
    about: Mapping[str, Any]
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What ties a line to the line before it; a salt is empty once what it sealed was erased."""

    digest: str
    person_seal: str
    person_salt: str
    staff_seal: str
    staff_salt: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place at which the chain does not hold."""

    seq: int
    line_id: str
    problem: str


def link(line: ChainedLine, *, previous: str, key: bytes) -> Link:
    """Tie a new line to the digest of the line before it."""
    person_salt, staff_salt = secrets.token_hex(16), secrets.token_hex(16)
    person_seal = _person_seal(line, person_salt, key)
    staff_seal = _hash(key, staff_salt, line.staff_id)
    digest = _digest(line, previous, person_seal, staff_seal, key)
    return Link(digest, person_seal, person_salt, staff_seal, staff_salt)


def breaks(links: Iterable[tuple[ChainedLine, Link]], *, key: bytes) -> Iterator[Break]:
    """Every place at which the chain does not hold, from its first line on."""
    previous, expected = START, 1
    for line, stored in links:
        if line.seq != expected:
            yield Break(expected, line.id, f"{line.seq - expected} lines are missing before it")
        elif stored.digest != _digest(line, previous, stored.person_seal, stored.staff_seal, key):
            yield Break(line.seq, line.id, "the line, or the one before it, was changed")
        yield from _broken_seals(line, stored, key)
        previous, expected = stored.digest, line.seq + 1


def _broken_seals(line: ChainedLine, stored: Link, key: bytes) -> Iterator[Break]:
    if stored.person_salt:
        is_whole = stored.person_seal == _person_seal(line, stored.person_salt, key)
    else:
        is_whole = line.is_erased and not (line.user_id or line.detail or line.about)
    if not is_whole:
        yield Break(line.seq, line.id, "whom it is about, or why, was changed")
    if stored.staff_salt:
        is_whole = stored.staff_seal == _hash(key, stored.staff_salt, line.staff_id)
    else:
        is_whole = bool(_PSEUDONYM.fullmatch(line.staff_id))
    if not is_whole:
        yield Break(line.seq, line.id, "who read was changed")


def _person_seal(line: ChainedLine, salt: str, key: bytes) -> str:
    about = json.dumps(line.about, sort_keys=True, ensure_ascii=False, default=str)
    return _hash(key, salt, line.user_id, line.detail, about)


def _digest(line: ChainedLine, previous: str, person_seal: str, staff_seal: str, key: bytes) -> str:
    at = str(round(line.at.astimezone(UTC).timestamp() * 1_000))
    fields = (line.id, at, line.act, line.staff_name, line.session_id, line.reason)
    return _hash(key, previous, str(line.seq), *fields, person_seal, staff_seal)


def _hash(key: bytes, *fields: str) -> str:
    # As JSON, in which two lists of fields never have one text.
    return hmac.new(key, json.dumps(fields).encode(), hashlib.sha256).hexdigest()
