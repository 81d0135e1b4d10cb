"""Which HTTP status each of the domain's errors is."""

from sessions_app.domain import errors
from sessions_app.domain.window import WindowBudgetError

_STATUS_OF: dict[type[errors.SessionError], int] = {
    errors.InvalidInput: 400,
    errors.UserErased: 401,
    errors.NotAllowed: 403,
    errors.SessionNotFound: 404,
    errors.MessageNotFound: 404,
    errors.ItemNotFound: 404,
    errors.AttachmentNotFound: 404,
    errors.ImportNotFound: 404,
    errors.Conflict: 409,
    WindowBudgetError: 400,
    errors.SessionExpired: 410,
    errors.SearchInProgress: 429,
    errors.QuotaReached: 429,
    errors.ProofInProgress: 429,
    errors.VersionMismatch: 412,
    errors.SlowBody: 408,
    errors.TooLarge: 413,
    errors.IdempotencyMismatch: 422,
    errors.ProviderError: 502,
    errors.TurnFailed: 500,
    errors.DamagedSession: 500,
    errors.StorageUnavailable: 503,
    errors.Overloaded: 503,
    errors.TooManyTurns: 503,
    errors.TurnInterrupted: 503,
    errors.ProviderTimeout: 504,
    errors.ProviderBusy: 429,
    errors.TooManyOwnTurns: 429,
}


def status_of(error: errors.SessionError) -> int:
    """The status of the error's class, or of its nearest base class that has one.

    A refusal of a model's server has that server's status.
    """
    if isinstance(error, errors.ProviderRefused) and error.refusal.status in errors.REFUSALS:
        return error.refusal.status
    return next(_STATUS_OF[kind] for kind in type(error).__mro__ if kind in _STATUS_OF)
