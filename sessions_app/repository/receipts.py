"""What is known of erasures: one receipt each, which names nobody."""

from sessions_app.documents import ErasedUser
from sessions_app.domain.data import Receipt
from sessions_app.repository import failures


@failures.translated
def receipt(receipt_id: str) -> Receipt | None:
    """What is known of an erasure; None when there was none."""
    erased_user = ErasedUser.objects(pk=receipt_id).first()
    if erased_user is None:
        return None
    return Receipt(erased_user.erased_at, erased_user.completed_at, dict(erased_user.counts))
