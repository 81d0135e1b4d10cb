"""What MongoDB's errors become, whether the driver raised them or MongoEngine in its place."""

from typing import Any

import pytest
from mongoengine import NotUniqueError, OperationError
from pymongo.errors import AutoReconnect, DocumentTooLarge, DuplicateKeyError, OperationFailure

from sessions_app.domain.errors import StorageUnavailable, TooLarge
from sessions_app.repository import failures

STEPPED_DOWN, OUR_MISTAKE = 189, 2


def through_mongoengine(error: Exception, instead: type[Exception] = OperationError) -> Any:
    """As MongoEngine does: its own error, without the code, in place of the driver's."""

    @failures.translated
    def query() -> None:
        try:
            raise error
        except OperationFailure as caught:
            raise instead(f"Update failed ({caught})")  # noqa: B904 - as MongoEngine does

    return query


def test_what_may_pass_is_unavailability_through_a_queryset_too() -> None:
    with pytest.raises(StorageUnavailable):
        through_mongoengine(OperationFailure("stepping down", STEPPED_DOWN))()
    with pytest.raises(StorageUnavailable):
        through_mongoengine(AutoReconnect("gone"))()


def test_a_mistake_of_ours_stays_what_it_is() -> None:
    with pytest.raises(OperationError):
        through_mongoengine(OperationFailure("bad value", OUR_MISTAKE))()


def test_a_duplicate_key_stays_one() -> None:
    duplicate = DuplicateKeyError("E11000", 11000)
    with pytest.raises(NotUniqueError):
        through_mongoengine(duplicate, instead=NotUniqueError)()


def test_a_document_that_is_too_large_is_the_clients_to_shorten() -> None:
    with pytest.raises(TooLarge):
        through_mongoengine(DocumentTooLarge("16 MB"))()


def test_an_operation_error_of_mongoengine_itself_is_raised() -> None:
    @failures.translated
    def query() -> None:
        raise OperationError("No update parameters, would remove data")

    with pytest.raises(OperationError):
        query()
