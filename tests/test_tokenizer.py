"""The o200k counts: exact, offline, and bounded on inputs made to hurt."""

import importlib.metadata
import random
import socket
import threading
import time

import pytest

from sessions_app import tokenizer
from sessions_app.tokenizer import TokenizerError, count_tokens
from tests.waiting import joined

KNOWN = {
    "": 0,
    "hello world": 2,
    "Hello, world! How are you today?": 9,
    "<|endoftext|>": 7,
    "I'll paint the lake's sunrise": 6,
}

HOSTILE = [
    "a" * 1_000_000,
    " " * 1_000_000,
    " " * 1_000_000 + "x",
    "\n" * 1_000_000 + "x",
    "\u0301" * 1_000_000,
    ("x" + "\t" * 300_000) * 3,
    "ab " * 333_333,
]


@pytest.fixture
def unloaded(monkeypatch):
    monkeypatch.setattr(tokenizer, "_counter", None)


def odd_text(seed: int, length: int = 200) -> str:
    draw = random.Random(seed)
    letters = [chr(point) for point in range(1, 0x250)] + list("中文日本\u0301\u200d\u2028\u3000😀")
    common = [" ", "  ", "\n", "a", "A", "'s", "/", "1", "!"] * 30
    return "".join(draw.choice(letters + common) for _ in range(length))


@pytest.mark.parametrize(("text", "tokens"), KNOWN.items())
def test_it_counts_as_o200k_does(text, tokens):
    assert count_tokens(text) == tokens


@pytest.mark.parametrize("seed", range(50))
def test_cutting_a_long_text_changes_no_count(monkeypatch, seed):
    whole = count_tokens(odd_text(seed))
    monkeypatch.setattr(tokenizer, "CHUNK_CHARS", 20)
    assert count_tokens(odd_text(seed)) == whole


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:4]))
def test_a_million_characters_of_one_run_are_counted_in_seconds(text):
    started = time.process_time()
    assert 0 < count_tokens(text) <= len(text)
    assert time.process_time() - started < 5


def test_a_million_identical_characters_are_counted_exactly():
    assert count_tokens("a" * 1_000_000) == 125_000


def test_lone_surrogates_count_as_the_replacement_character():
    assert count_tokens("\ud800") == count_tokens("\ufffd")


def test_lone_surrogates_do_no_harm_in_a_long_run():
    assert count_tokens("\ud800" * 200_000) == count_tokens("\ufffd" * 200_000)


def test_the_network_is_never_asked(unloaded, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the tokenizer opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert count_tokens("hello world") == 2


def test_threads_that_come_first_together_load_once(unloaded, monkeypatch):
    loads = []
    real = tokenizer.load_counter
    monkeypatch.setattr(tokenizer, "load_counter", lambda: loads.append(1) or real())
    threads = [threading.Thread(target=count_tokens, args=("hello",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    joined(*threads)
    assert loads == [1]


def test_altered_ranks_are_refused(monkeypatch):
    monkeypatch.setattr(tokenizer, "RANKS_SHA256", "0" * 64)
    with pytest.raises(TokenizerError, match="sha256 differs"):
        tokenizer.load_ranks()


def test_missing_ranks_are_named(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(TokenizerError, match="not installed"):
        tokenizer.load_ranks()
