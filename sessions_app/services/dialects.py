"""How conversations are written for each model's server: as set, or as learned from refusals.

What one worker has learned stands in MongoDB; the others look there every few seconds.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from sessions_app.domain.dialect import (
    AS_OPENAI,
    Attached,
    Form,
    Manner,
    Request,
    Said,
    other_manner,
    write,
)
from sessions_app.domain.errors import ProviderRefused, StorageUnavailable
from sessions_app.providers import Completion, Provider
from sessions_app.repository import dialects

logger = logging.getLogger(__name__)

# What another worker has learned is met by a refusal at most once until then.
_FRESH_SECONDS = 10.0
_KNOWN_MAX = 1_000

_known: dict[tuple[str, str], tuple[float, Manner]] = {}
_lock = threading.Lock()


def known(model: str | None = None) -> Manner:
    """How to write for `model`, None for the configured one."""
    manner = _known_manner(model)
    if settings.LLM_ATTACHMENTS == "never":
        return replace(manner, attached=Attached.WRITTEN)
    return manner


def _known_manner(model: str | None) -> Manner:
    if settings.LLM_DIALECT == Form.OPENAI:
        return AS_OPENAI
    learned = _learned(_server(model)) if settings.LLM_BASE_URL else AS_OPENAI
    if settings.LLM_DIALECT == Form.STRICT and learned.form is Form.OPENAI:
        return replace(learned, form=Form.STRICT)
    return learned


def _learned(server: tuple[str, str]) -> Manner:
    with _lock:
        read_at, manner = _known.get(server, (-_FRESH_SECONDS, AS_OPENAI))
    if time.monotonic() - read_at < _FRESH_SECONDS:
        return manner
    try:
        manner = dialects.read(base_url=server[0], model=server[1]) or AS_OPENAI
    except StorageUnavailable:
        return manner
    _remember(server, manner)
    return manner


def otherwise(
    refused: ProviderRefused, manner: Manner, request: Request | None = None
) -> Manner | None:
    """How to write the same for a server that refused it so; None where that would not help.

    `request` is what was refused, where pictures and files may have been sent with it.
    """
    other = other_manner(
        manner,
        refused.refusal,
        has_attachments=request is not None and request.has_attachments,
        media=request.media if request else (),
    )
    if other is None or settings.LLM_DIALECT != Form.OPENAI:
        return other
    # Whoever sets this form wants no other; what stands beside the messages is no part of it.
    return other if other.form is manner.form else None


def accepted(model: str | None, manner: Manner, *, now: datetime) -> None:
    """Remember, for all workers, the manner that a server has accepted after a refusal."""
    if settings.LLM_DIALECT == Form.OPENAI or not settings.LLM_BASE_URL:
        return
    if manner.attached is Attached.ONCE:
        # The next picture may be a better one.
        manner = replace(manner, attached=Attached.KEPT)
    server = _server(model)
    _remember(server, manner)
    try:
        dialects.write(base_url=server[0], model=server[1], manner=manner, now=now)
    except StorageUnavailable:
        logger.warning("what a model's server wants could not be remembered for other workers")


def complete(
    provider: Provider, asked: Sequence[Mapping[str, str]], *, max_tokens: int
) -> Completion:
    """A whole answer to messages of this service's own, as titles and summaries need one.

    Raises ProviderError and its kinds.
    """
    manner = known()
    conversation = [Said(message["role"], message["content"]) for message in asked]
    tried = [manner]
    while True:
        try:
            return provider.complete(write(conversation, manner).messages, max_tokens=max_tokens)
        except ProviderRefused as refused:
            other = otherwise(refused, manner)
            if other is None or other in tried:
                raise
            tried.append(manner := other)


def forget() -> None:
    """Look in MongoDB again at once."""
    with _lock:
        _known.clear()


def _server(model: str | None) -> tuple[str, str]:
    return settings.LLM_BASE_URL, model or settings.LLM_MODEL


def _remember(server: tuple[str, str], manner: Manner) -> None:
    with _lock:
        if len(_known) >= _KNOWN_MAX:
            _known.clear()
        _known[server] = (time.monotonic(), manner)
