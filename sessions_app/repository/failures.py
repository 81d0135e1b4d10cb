"""MongoDB's failures in the domain's words."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mongoengine.connection import ConnectionFailure as NotConnected
from mongoengine.connection import get_connection
from mongoengine.errors import OperationError
from pymongo import MongoClient
from pymongo.errors import (
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from sessions_app import instruments
from sessions_app.domain.errors import DamagedSession, StorageUnavailable, TooLarge

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# https://www.mongodb.com/docs/manual/reference/error-codes/ : the server is there but cannot
# serve (fail-over, shutdown, time limits, full disk, no right to write). Others are our mistakes.
_UNAVAILABLE_CODES = frozenset(
    {6, 7, 13, 18, 50, 63, 64, 79, 89, 91, 100, 112, 133, 134, 189, 202, 251, 262}
    | {9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436, 14031}
)

# Another server is the primary now, or the one behind a router does not answer: what the driver
# repeats a write for, with those that it raises a NotPrimaryError of.
_PASSING_CODES = frozenset({6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})

# A stored value is not of the type that an update or a projection works on: TypeMismatch, and the
# aggregation's own of $concatArrays, $slice, $add and $subtract.
_MISSHAPEN_CODES = frozenset({14, 16554, 16556, 28664, 28724, 28725, 28726, 28727})
# Of $push, whose code is that of every bad value.
_NOT_A_LIST = "must be an array but is of type"


def is_damage(error: Exception) -> bool:
    """Whether MongoDB could not work on what is stored, because it is of another type."""
    if not isinstance(error, OperationFailure):
        return False
    return error.code in _MISSHAPEN_CODES or _NOT_A_LIST in str(error)


def is_unavailability(error: Exception) -> bool:
    """Whether trying again later can help."""
    if isinstance(error, ConnectionFailure | WTimeoutError | NotConnected):
        return True
    if isinstance(error, PyMongoError) and error.timeout:
        return True
    if isinstance(error, OperationFailure):
        return error.code in _UNAVAILABLE_CODES or error.has_error_label("RetryableWriteError")
    return False


def is_passing(error: Exception) -> bool:
    """Whether the same command may succeed at once, with time left for it."""
    if isinstance(error, ConnectionFailure):
        return not error.timeout
    return isinstance(error, OperationFailure) and error.code in _PASSING_CODES


def _cause(error: Exception) -> Exception:
    """The driver's own error.

    MongoEngine raises an OperationError without error code or labels in place of most of them. What
    it stands for is its context.
    """
    if isinstance(error, OperationError) and isinstance(error.__context__, PyMongoError):
        return error.__context__
    return error


def translated(query: Callable[P, R]) -> Callable[P, R]:
    """Make `query` raise the domain's error where the driver's errors mean one.

    StorageUnavailable, TooLarge, or DamagedSession for what MongoDB cannot work on.
    """

    @functools.wraps(query)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return query(*args, **kwargs)
        except DocumentTooLarge as error:
            instruments.store_failed("too_large")
            raise TooLarge from error
        except (PyMongoError, NotConnected, OperationError) as error:
            cause = _cause(error)
            if is_unavailability(cause):
                instruments.store_failed("unavailable")
                logger.warning("storage unavailable in %s: %s", query.__qualname__, cause)
                raise StorageUnavailable from error
            if is_damage(cause):
                instruments.store_failed("damaged")
                raise DamagedSession(f"{query.__qualname__}: {cause}") from error
            # Two that write the same at once are no failure: the caller knows what to do.
            if not isinstance(cause, DuplicateKeyError):
                instruments.store_failed("other")
            raise

    return call


def client() -> "MongoClient[dict[str, object]]":
    """The process's client, for transactions."""
    connected: MongoClient[dict[str, object]] = get_connection()
    return connected
