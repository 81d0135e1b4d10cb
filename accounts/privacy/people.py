"""Finds the person that an operator names, by username or user id."""

import uuid
from dataclasses import dataclass

from accounts import usernames
from accounts.models import User
from sessions_app.domain.errors import InvalidInput
from sessions_app.services import privacy


@dataclass(frozen=True, slots=True)
class Person:
    """A user id and its account; `user` is None for users of an identity provider."""

    user_id: str
    user: User | None


class PersonNotFound(InvalidInput):
    """Nothing is stored about a person with this name or id."""

    code = "not_found"
    default_detail = "Nobody with that username or id is known here."


def person_identify(*, name: str, is_id: bool = False) -> Person:
    """The person that `name` stands for, whether or not anything is stored about them.

    A UUID is always taken for an id: otherwise a user could choose another user's id as a username
    and be erased in their place. `is_id` takes any other text for an id too.
    """
    if account_id := as_uuid(name):
        return Person(str(account_id), User.objects.filter(pk=account_id).first())
    user = None if is_id else User.objects.filter(username_key=usernames.key(name)).first()
    return Person(str(user.pk), user) if user else Person(name, None)


def person_find(*, name: str, is_id: bool = False) -> Person:
    """As `person_identify`, but something must be stored about them; raises PersonNotFound."""
    person = person_identify(name=name, is_id=is_id)
    if person.user is None and not privacy.is_known(user_id=person.user_id):
        raise PersonNotFound
    return person


def as_uuid(text: str) -> uuid.UUID | None:
    """`text` as a UUID; None if it is not one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
