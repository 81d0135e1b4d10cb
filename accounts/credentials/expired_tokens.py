"""Removes the records of refresh tokens that have expired, as `flushexpiredtokens` does."""

from collections.abc import Iterator

from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

_BATCH = 500


def flush() -> Iterator[int]:
    """Remove them in batches, so that no lock is kept for long; yields how many went."""
    while True:
        expired = OutstandingToken.objects.filter(expires_at__lte=timezone.now())
        ids = list(expired.order_by("pk").values_list("pk", flat=True)[:_BATCH])
        if not ids:
            return
        OutstandingToken.objects.filter(pk__in=ids).delete()
        yield len(ids)
