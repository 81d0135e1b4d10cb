"""Erases an application's user, and proves it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from accounts.privacy.erasure import person_erase
from accounts.privacy.people import Person
from accounts.privacy.traces import account_traces
from sessions_app.domain.applications import EndUser
from sessions_app.domain.records.writing import timestamp
from sessions_app.services import end_users
from sessions_app.services.privacy import erasure_prove
from sessions_app.services.receipts import receipt_get


def end_user_erase(
    *, end_user: EndUser, with_proof: bool, clock: Callable[[], datetime]
) -> Mapping[str, Any]:
    """Erase everything about a user of an application; what was erased, the receipt, the proof.

    Raises LegalHold, with nothing erased, and ProofInProgress.
    """
    owner_id = end_user.owner_id
    with end_users.erasing(end_user.application_id, now=clock()):
        erased = person_erase(person=Person(owner_id, None), clock=clock)
        return {
            "id": end_user.end_user_id,
            "erased": dict(erased),
            "receipt": _receipt(owner_id),
            "proof": _proof(owner_id) if with_proof else None,
        }


def _receipt(owner_id: str) -> Mapping[str, Any] | None:
    receipt = receipt_get(user_id=owner_id)
    if receipt is None:
        return None
    return {
        "erased_at": timestamp(receipt.erased_at),
        "completed_at": receipt.completed_at and timestamp(receipt.completed_at),
        "counts": dict(receipt.counts),
    }


def _proof(owner_id: str) -> Mapping[str, Any]:
    """Every collection and table, searched for the user."""
    proof = erasure_prove(user_id=owner_id)
    tables = account_traces(user_id=owner_id)
    return {
        "left": {**proof.left, **tables},
        "orphans": dict(proof.orphans),
        "mentions": proof.mentions,
        "clean": proof.clean and not any(tables.values()),
    }
