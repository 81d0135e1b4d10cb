"""Metrics of windows, turns, model calls, storage and quotas, of a bounded set of labels."""

from typing import Any

import pytest
from django.test import Client
from pymongo.errors import AutoReconnect, DuplicateKeyError

from sessions_app import instruments, providers
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.instruments import Provided
from sessions_app.repository import failures, log
from sessions_app.services import throttling
from tests import model_server
from tests.chatproject.metrics.test_metrics import Samples, samples
from tests.conftest import Create, Person
from tests.model_server import fails, says, streams


class Growth:
    """How much every series has grown since it was made."""

    def __init__(self) -> None:
        self._before = self._now()

    def of(self, name: str, **labels: str) -> float:
        """Summed over the labels that are left out."""
        now = self._now()
        return sum(
            value - self._before.get(key, 0)
            for key, value in now.items()
            if key[0] == name and labels.items() <= dict(key[1]).items()
        )

    @staticmethod
    def _now() -> Samples:
        return samples(Client().get("/metrics").content.decode())


@pytest.fixture
def server(settings: Any):
    with model_server.serving() as running:
        settings.LLM_BASE_URL, settings.LLM_MODEL, settings.LLM_API_KEY = (
            running.base_url,
            "gulf",
            "",
        )
        yield running
        found = providers.configured()
        assert found is not None
        found.close()
        providers._provider.cache_clear()


def chat(person: Person, create: Create, **body: Any) -> Any:
    # With a title of its own: the model would be asked for one.
    path = f"/session/{create(title='Travel')['session_id']}/chat"
    return person.client.post(path, {"content": "Hello", **body})


def test_an_append_and_a_window_are_timed(alice: Person, create: Create):
    session_id = create()["session_id"]
    grown = Growth()
    alice.client.post(f"/session/{session_id}/message", {"content": "x"})
    alice.client.get(f"/session/{session_id}/context")

    assert grown.of("chat_append_seconds_count") == 1
    assert grown.of("chat_window_seconds_count", strategy="hybrid") == 1


def test_a_turn_counts_its_model_its_tokens_and_its_first_piece(
    server: Any, alice: Person, create: Create
):
    server.answers = [
        streams("By ", "train.", usage={
            "prompt_tokens": 40, "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 32},
        })
    ]  # fmt: skip
    grown = Growth()
    assert chat(alice, create).status_code == 200

    call = {"gen_ai_operation_name": "chat", "gen_ai_request_model": "gulf",
            "gen_ai_provider_name": "openai_compatible"}  # fmt: skip
    assert grown.of("chat_turns_total", state="done", model="gulf") == 1
    name = "gen_ai_client_operation_duration_seconds_count"
    assert grown.of(name, **call, error_type="") == 1
    assert grown.of("gen_ai_client_operation_time_to_first_chunk_seconds_count", **call) == 1
    usage = "gen_ai_client_token_usage_sum"
    assert grown.of(usage, **call, gen_ai_token_type="input") == 40
    assert grown.of(usage, **call, gen_ai_token_type="output") == 3
    assert grown.of("chat_model_cached_tokens_total", model="gulf") == 32


def test_a_turn_that_fails_is_counted_with_its_kind(server: Any, alice: Person, create: Create):
    server.answers = [fails(400)] * 3
    grown = Growth()
    assert chat(alice, create).status_code >= 400

    name = "gen_ai_client_operation_duration_seconds_count"
    assert grown.of(name, gen_ai_request_model="gulf", error_type="") == 0
    assert grown.of(name, gen_ai_request_model="gulf") >= 1
    assert grown.of("chat_turns_total", state="failed", model="gulf") == 1


def test_a_call_that_is_passed_on_counts_its_tokens(server: Any, alice: Person):
    body = {"model": "gulf", "messages": [{"role": "user", "content": "Hi"}], "store": False}
    usage = {"prompt_tokens": 11, "completion_tokens": 2}
    server.answers = [says("Hello", usage=usage), streams("Hello", usage=usage)]
    grown = Growth()
    for more in ({}, {"stream": True, "stream_options": {"include_usage": True}}):
        response = alice.client.post("/v1/chat/completions", body | more)
        assert response.status_code == 200
        b"".join(response.streaming_content) if response.streaming else response.content

    name = "gen_ai_client_token_usage_sum"
    assert grown.of(name, gen_ai_request_model="gulf", gen_ai_token_type="input") == 22
    assert grown.of(name, gen_ai_request_model="gulf", gen_ai_token_type="output") == 4
    name = "gen_ai_client_operation_duration_seconds_count"
    assert grown.of(name, gen_ai_request_model="gulf", error_type="") == 2


def test_a_model_that_a_client_makes_up_is_counted_as_other(
    server: Any, alice: Person, create: Create, settings: Any
):
    planted = "model-named-by-somebody"
    body = {"model": planted, "messages": [{"role": "user", "content": "Hi"}]}
    grown = Growth()
    assert alice.client.post("/v1/chat/completions", body).status_code == 200

    assert planted not in Client().get("/metrics").content.decode()
    name = "gen_ai_client_operation_duration_seconds_count"
    assert grown.of(name, gen_ai_request_model="other") == 1
    settings.MODELS_ALLOWED = ["gulf", "delta"]
    assert [providers.counted_as(name) for name in (None, "gulf", "delta", planted)] == [
        "gulf", "gulf", "delta", "other",
    ]  # fmt: skip


def test_more_models_than_there_are_series_for_are_other(monkeypatch: pytest.MonkeyPatch):
    from sessions_app.instruments import models

    monkeypatch.setattr(models, "_models", set())
    named = [Provided("chat", "demo", f"m{number}").bounded().model for number in range(40)]

    assert len(set(named)) == models._MOST_MODELS + 1
    assert named[-1] == "other"
    assert Provided("chat", "demo", "m0").bounded().model == "m0"


def test_the_share_that_a_window_leaves_out_is_counted(alice: Person, create: Create):
    session_id = create(context_policy={"strategy": "recent", "max_tokens": 64})["session_id"]
    for _ in range(8):
        text = "one two three four five six seven eight nine ten"
        alice.client.post(f"/session/{session_id}/message", {"content": text})
    grown = Growth()
    answered = alice.client.post(f"/session/{session_id}/chat", {"content": "And?"})
    assert answered.status_code == 200

    kept = grown.of("chat_window_messages_total", fate="kept")
    dropped = grown.of("chat_window_messages_total", fate="dropped")
    assert kept + dropped == 9
    assert dropped >= 4
    assert grown.of("chat_window_trimmed_ratio_sum") == pytest.approx(dropped / 9)


def test_what_goes_wrong_at_the_store_is_counted_by_kind():
    grown = Growth()

    def raise_(error: Exception) -> None:
        raise error

    query = failures.translated(raise_)
    with pytest.raises(StorageUnavailable):
        query(AutoReconnect("gone"))
    # Two that write the same at once are an answer and no failure.
    with pytest.raises(DuplicateKeyError):
        query(DuplicateKeyError("twice"))

    assert grown.of("chat_store_errors_total", kind="unavailable") == 1
    assert grown.of("chat_store_errors_total") == 1


def test_an_append_that_met_another_writer_counts_its_retries(
    alice: Person, create: Create, monkeypatch: pytest.MonkeyPatch
):
    session_id = create()["session_id"]
    push, attempts = log.appending.push_guarded, []

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        attempts.append(1)
        return (None, False) if len(attempts) < 3 else push(*args, **kwargs)

    monkeypatch.setattr(log.appending, "push_guarded", overtaken)
    grown = Growth()
    sent = alice.client.post(f"/session/{session_id}/message", {"content": "x"})
    assert sent.status_code == 201

    assert grown.of("chat_store_retries_total", reason="contention") == 2
    assert grown.of("chat_append_seconds_count") == 1


def test_a_request_over_its_rate_is_counted_by_the_rate(alice: Person, settings: Any):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"user": "1/day"}
    throttling.forget()
    grown = Growth()
    assert [alice.client.get("/session").status_code for _ in range(3)] == [200, 429, 429]

    assert grown.of("chat_quota_refusals_total", scope="user") == 2


def test_a_call_over_its_share_of_the_slots_is_counted(
    alice: Person, create: Create, settings: Any
):
    settings.TURNS_MAX = 0
    grown = Growth()
    assert chat(alice, create).status_code == 503

    assert grown.of("chat_quota_refusals_total", scope="turns") >= 1


def test_no_label_is_a_user_or_a_session(alice: Person, create: Create):
    assert chat(alice, create).status_code == 200
    text = Client().get("/metrics").content.decode()

    assert alice.id not in text
    instruments.topics_shifted(1)
    names = {label for key in samples(text) for label, _ in key[1]}
    assert not {"user", "user_id", "session", "session_id"} & names
