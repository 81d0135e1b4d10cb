"""Whom an operator means: by username, or by the id that everything of theirs carries."""

import uuid
from dataclasses import dataclass

from accounts import usernames
from accounts.models import User
from sessions_app.domain.errors import InvalidInput
from sessions_app.services import privacy


@dataclass(frozen=True, slots=True)
class Person:
    """An id, and the account with it; people of an identity provider have none here."""

    user_id: str
    user: User | None


class NobodyKnown(InvalidInput):
    """Nothing is stored of anybody with that name or id."""

    code = "not_found"
    default_detail = "Nobody with that username or id is known here."


def person_named(*, name: str, is_id: bool = False) -> Person:
    """Whom `name` stands for, whether or not anything of them is stored.

    What looks like an id is one and no username: nobody may be taken for somebody else by having
    chosen that person's id as a name. `is_id` says so of any other text.
    """
    if account_id := as_uuid(name):
        return Person(str(account_id), User.objects.filter(pk=account_id).first())
    user = None if is_id else User.objects.filter(username_key=usernames.key(name)).first()
    return Person(str(user.pk), user) if user else Person(name, None)


def person_find(*, name: str, is_id: bool = False) -> Person:
    """As `person_named`, for somebody who has left something here; raises NobodyKnown."""
    person = person_named(name=name, is_id=is_id)
    if person.user is None and not privacy.is_known(user_id=person.user_id):
        raise NobodyKnown
    return person


def as_uuid(text: str) -> uuid.UUID | None:
    """The id that `text` spells; None when it spells none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
