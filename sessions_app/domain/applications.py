"""Applications that use this service for users of their own, by service keys.

An application's users are owners like any other, under ids that begin with the application's
namespace. No id of theirs can be that of a registered user, which is a UUID, or of a user of the
identity provider, which may not begin like a namespace; nor can it leave the namespace, whose
length is fixed.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sessions_app.domain.errors import EndUserInvalid
from sessions_app.domain.quotas import Usage

END_USER_MAX_CHARS = 128
# What a request names an end user by.
END_USER_HEADER = "X-End-User"

# What follows an id in an address; where an id ended so, two addresses would be one.
_IN_ADDRESSES = ("sessions", "export")

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OWNER = re.compile(f"app:({_UUID})/(.+)", re.DOTALL)
_RESERVED = re.compile(f"app:{_UUID}", re.IGNORECASE)


class Scope(StrEnum):
    """What a service key may be used for."""

    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    TURNS = "turns"
    EXPORT = "export"
    ERASE = "erase"


class EndUser(NamedTuple):
    """A user of an application, by the application's own id."""

    application_id: str
    end_user_id: str

    @property
    def owner_id(self) -> str:
        """The `user_id` of everything that this user owns."""
        return f"{namespace(self.application_id)}{self.end_user_id}"


class Limits(NamedTuple):
    """What an application has set for itself, or for each of its users; 0 is no quota.

    Of `stored`, the messages are not limited: those of a day are.
    """

    stored: Usage = Usage()
    messages_a_day: int = 0
    tokens_a_day: int = 0


class Quotas(NamedTuple):
    """The quotas of an application as a whole, and those of each of its users."""

    together: Limits = Limits()
    each: Limits = Limits()


def namespace(application_id: str) -> str:
    """What the ids of an application's users begin with."""
    return f"app:{application_id}/"


def beyond_namespace(application_id: str) -> str:
    """The first text behind all ids of an application's users, as MongoDB compares them."""
    # "0" follows "/" in ASCII.
    return f"app:{application_id}0"


def end_user_of(user_id: str) -> EndUser | None:
    """Whose user an owner is; None where they are no application's."""
    match = _OWNER.fullmatch(user_id)
    return EndUser(match[1], match[2]) if match else None


def is_reserved(subject: str) -> bool:
    """Whether an id begins like a namespace, so that no identity provider's user may have it."""
    return _RESERVED.match(subject) is not None


def shown_owner(user_id: str) -> str:
    """How an owner is called towards those who may see them: an application knows its own ids."""
    end_user = end_user_of(user_id)
    return user_id if end_user is None else end_user.end_user_id


def end_user_check(end_user_id: str, *, attr: str = END_USER_HEADER) -> str:
    """The id itself; raises EndUserInvalid.

    Ids are compared character by character: neither casing nor Unicode's forms are folded, as two
    users could become one. What a server on the way could change is refused: spaces at the ends,
    and what is no normal form of a path, as an id stands in addresses, too.
    """
    if not end_user_id:
        raise EndUserInvalid("An end user's id may not be empty.", attr=attr)
    if len(end_user_id) > END_USER_MAX_CHARS:
        message = f"An end user's id has at most {END_USER_MAX_CHARS} characters."
        raise EndUserInvalid(message, attr=attr)
    if not end_user_id.isprintable() or end_user_id != end_user_id.strip():
        message = "An end user's id has printable characters, and no spaces at its ends."
        raise EndUserInvalid(message, attr=attr)
    if any(part in {"", ".", ".."} for part in end_user_id.split("/")):
        message = "The parts of an end user's id between slashes may not be empty, '.' or '..'."
        raise EndUserInvalid(message, attr=attr)
    if end_user_id.rpartition("/")[1:] in {("/", name) for name in _IN_ADDRESSES}:
        message = "An end user's id may not end in a slash and 'sessions' or 'export'."
        raise EndUserInvalid(message, attr=attr)
    return end_user_id


class Known(NamedTuple):
    """What an application sees of one of its users in the list of them."""

    end_user_id: str
    session_count: int
    updated_at: datetime


class KnownPage(NamedTuple):
    """Users of an application; the next page begins behind the id `last`, if there is one."""

    known: Sequence[Known]
    last: str | None
