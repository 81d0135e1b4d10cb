"""Transactions of several documents."""

from typing import Any

import pymongo
from pymongo import WriteConcern

from sessions_app.repository import failures

_TRANSACTION_OPERATIONS = 4


def in_transaction(work: Any, write_concern: WriteConcern | None = None) -> Any:
    """Run `work(transaction)`; the driver repeats it when MongoDB asks for that.

    It is acknowledged as everything else is, unless `write_concern` says otherwise.

    A transaction may move a whole long session, so it has several times what one operation has;
    without a limit of its own the driver would repeat it for two minutes.
    """
    client = failures.client()
    limit = client.options.timeout
    with (
        pymongo.timeout(limit * _TRANSACTION_OPERATIONS if limit else None),
        client.start_session() as transaction,
    ):
        return transaction.with_transaction(work, write_concern=write_concern)
