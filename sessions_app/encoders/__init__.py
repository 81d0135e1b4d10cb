"""Encoders make vectors of texts, offline, on one thread.

`minilm` reads English, `e5` about a hundred languages; the setting ENCODER chooses. `files` checks
model files against their hashes. Without the packages, or with other files in them, there is no
encoder, and older messages are ranked by their words alone.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Final, Protocol

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from sessions_app.encoders import e5, minilm
from sessions_app.encoders.files import EncoderUnavailableError, verified_file

__all__ = [
    "DIMENSIONS",
    "Encoder",
    "EncoderUnavailableError",
    "available",
    "load_encoder",
    "named",
    "verified_file",
]

logger = logging.getLogger(__name__)

# Of every encoder here: a row of vectors has one width.
DIMENSIONS: Final = minilm.DIMENSIONS
MODULES: Final[dict[str, ModuleType]] = {"minilm": minilm, "e5": e5}
DEFAULT: Final = "minilm"

# Without it, threads of the first requests would each load the model.
_lock = threading.Lock()
_loaded: dict[str, Encoder | None] = {}


class Encoder(Protocol):
    """A loaded model. Thread-safe; the same text always gets the same vector.

    `name` is stored beside every vector: those of two encoders cannot be compared.
    """

    name: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode messages into unit vectors, shape (n, DIMENSIONS); the empty text has one too."""
        ...

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Encode what messages are ranked for."""
        ...


def load_encoder() -> Encoder | None:
    """The configured encoder, loaded on the first call; None if there is none (logged)."""
    choice = _configured()
    return _load_once(choice) if choice in MODULES else None


def named(name: str) -> Encoder | None:
    """The encoder whose vectors carry this name: the configured one or another; None for none."""
    encoder = load_encoder()
    if encoder is None or encoder.name == name:
        return encoder
    choice = next((each for each, module in MODULES.items() if name == module.NAME), None)
    return _load_once(choice) if choice else None


def available() -> bool:
    """Whether there is an encoder; cheap enough for a health probe.

    Before the first load: whether its packages and files exist, checked once. Their hashes are
    checked by loading, since that reads 21 MB or more. After it: whether loading succeeded.
    """
    choice = _configured()
    if choice not in MODULES:
        return False
    if choice in _loaded:
        return _loaded[choice] is not None
    return _is_installed(choice)


def _configured() -> str:
    # Benchmarks run without Django's settings.
    if settings.configured:
        return str(settings.ENCODER)
    return os.environ.get("ENCODER") or DEFAULT


def _load_once(choice: str) -> Encoder | None:
    with _lock:
        if choice not in _loaded:
            try:
                _loaded[choice] = MODULES[choice].build()
            except (ImportError, EncoderUnavailableError) as error:
                logger.warning("messages are ranked by their words alone, no encoder: %s", error)
                _loaded[choice] = None
        return _loaded[choice]


@cache
def _is_installed(choice: str) -> bool:
    return bool(MODULES[choice].is_installed())
