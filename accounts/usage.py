"""How much of their quotas a user has used, for whoever looks at an account in the admin."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from accounts.credentials.api_keys import keys_count
from accounts.models import User
from sessions_app.domain.quotas import Stock
from sessions_app.services import attachments, quotas


class Figure(NamedTuple):
    """So much of a quota; a `quota` of 0 is none."""

    name: str
    used: int
    quota: int


_NAMES = {
    Stock.SESSIONS: "Sessions",
    Stock.MESSAGES: "Messages",
    Stock.BYTES: "Bytes of messages",
}


def figures(user: User, *, now: datetime) -> Sequence[Figure]:
    """Every quota of a user; raises StorageUnavailable.

    Bytes are about right. Of users with many sessions, and of searches, what processes have taken
    beforehand is included: a thousandth of a quota, of the searches a sixtieth, for each process.
    """
    user_id = str(user.pk)
    files, bytes_of_files = attachments.attachment_usage(user_id=user_id)
    stocks = zip(Stock, quotas.usage(user_id), quotas.limits(), strict=True)
    return [
        *(Figure(_NAMES[stock], used, quota) for stock, used, quota in stocks),
        Figure("Attachments", files, settings.ATTACHMENTS_PER_USER),
        Figure("Bytes of attachments", bytes_of_files, settings.ATTACHMENTS_PER_USER_BYTES),
        Figure("API keys", keys_count(user), settings.QUOTA_API_KEYS),
        Figure(
            "Searches today",
            quotas.searches_of_today(user_id, now=now),
            settings.QUOTA_SEARCHES,
        ),
    ]
