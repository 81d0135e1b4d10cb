"""What the model's server failed at, or refused."""

import math

from sessions_app.domain.dialect.refusals import Refusal
from sessions_app.domain.errors.base import SessionError


class ProviderError(SessionError):
    """The model's server failed, or sent an answer that cannot be read.

    `repeated` is whether this service has asked again already.
    """

    code = "provider_error"
    default_detail = "The model's server failed."
    repeated = False


class ProviderTimeout(ProviderError):
    """The model's server took longer than LLM_TIMEOUT_SECONDS."""

    code = "provider_timeout"
    default_detail = "The model's server took too long."


REFUSALS = frozenset({400, 404, 409, 413, 415, 422})
"""What a server answers to a request that it will not take, however often it is asked."""


class ProviderRefused(ProviderError):
    """The model's server refused the request; `refusal` holds its status and its own words."""

    code = "provider_refused"
    refusal = Refusal(400)

    def __init__(self, refusal: Refusal) -> None:
        detail = refusal.message or f"The model's server answered {refusal.status}."
        super().__init__(detail, attr=refusal.param)
        self.refusal = refusal


class ProviderBusy(ProviderError):
    """The model's server takes no more requests for now; `retry_after` is in seconds, if it said.

    `refusal` holds its own words.
    """

    code = "provider_busy"

    def __init__(self, refusal: Refusal, *, retry_after: float | None) -> None:
        super().__init__(refusal.message or "The model's server is busy; try again.")
        self.refusal = refusal
        self.retry_after = None if retry_after is None else math.ceil(retry_after)
