"""Receipts of erased users, which name nobody."""

from django.utils.crypto import salted_hmac

from sessions_app.domain.applications import end_user_of
from sessions_app.domain.data import Receipt
from sessions_app.domain.errors import EndUserErased, SessionError, UserErased
from sessions_app.repository import receipts


def receipt_id(user_id: str) -> str:
    """The pseudonym of a user in their receipt: HMAC-SHA-256 with a key made of `SECRET_KEY`.

    Keyed, because an identity provider's ids may be numbers or addresses, and a plain hash of
    those can be reversed by trying them all.
    """
    # The salt separates this key from Django's other uses of SECRET_KEY.
    return salted_hmac("sessions_app.erased_users", user_id, algorithm="sha256").hexdigest()


def receipt_get(*, user_id: str) -> Receipt | None:
    """The receipt of a user's erasure."""
    return receipts.receipt(receipt_id(user_id))


def is_erased(user_id: str) -> bool:
    """Whether this user has been erased; an access token can outlive its user."""
    return receipt_get(user_id=user_id) is not None


def erased_error(user_id: str) -> SessionError:
    """What an erased user's request is refused with.

    An application's key stays good when one of its users is erased, so that is no 401.
    """
    return UserErased() if end_user_of(user_id) is None else EndUserErased()
