"""`manage.py simulate_chat`: what it replays, what it notices, how it exits."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.servers.basehttp import WSGIRequestHandler
from rest_framework.response import Response

from sessions_app.api.messages import MessageViewSet
from sessions_app.simulation import client, crowd, dialogues
from tests.commands.conftest import Run

COMMAND = "simulate_chat"
OWN = Path(dialogues.__file__).parents[1] / "dialogues"
TURN = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]


def dialogue(name: str, messages: Any = TURN) -> str:
    return json.dumps({"id": name, "messages": messages}) + "\n"


@pytest.fixture
def service(live_server: Any, database: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the API, served by this process."""
    # Otherwise each answer waits 40 ms: its head and body are two packets, see RFC 896.
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    return str(live_server.url)


@pytest.fixture
def two(tmp_path: Path) -> str:
    path = tmp_path / "two.jsonl"
    path.write_text(dialogue("one") + "\n" + dialogue("two", TURN * 6))
    return str(path)


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The next appends, each answered so, in spite of having been stored."""

    def refuse_appends(*answers: Response) -> None:
        waiting, append = list(answers), MessageViewSet.append

        def refusing(view: Any, request: Any, **ids: str) -> Response:
            answer: Response = append(view, request, **ids)
            return waiting.pop(0) if waiting else answer

        monkeypatch.setattr(MessageViewSet, "append", refusing)

    return refuse_appends


def usage_error(*arguments: str, **options: Any) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(COMMAND, *arguments, **options)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_it_brings_back_every_message_of_the_projects_own_dialogues(run: Run, service: str):
    result = run(COMMAND, "--json", "--base-url", service).json()

    messages = sum(len(each.messages) for each in dialogues.read(OWN))
    assert (result["sessions"], result["messages"]) == (12, messages)
    assert result["mismatches"] == result["failures"] == []
    assert result["interrupted"] is False


def test_it_creates_a_session_with_the_first_message_and_appends_the_others(
    run: Run, service: str, two: str
):
    result = run(COMMAND, two, "--json", "--base-url", service, "--users", "2").json()

    assert {times["route"]: times["requests"] for times in result["routes"]} == {
        "POST /auth/register": 2,
        "POST /session/create": 2,
        "POST /session/{session_id}/message": 12,
        "GET /session/{session_id}": 2,
        "GET /session/{session_id}/messages": 3,
    }
    assert result["requests"] == 21
    assert all(0 < times["p50_ms"] <= times["p95_ms"] for times in result["routes"])


def test_each_user_is_an_account_of_its_own(
    run: Run, service: str, two: str, database: Any, django_user_model: Any
):
    run(COMMAND, two, "--base-url", service, "--users", "3")

    accounts = {str(pk) for pk in django_user_model.objects.values_list("pk", flat=True)}
    assert len(accounts) == 3
    assert set(database.sessions.distinct("user_id")) <= accounts


def test_every_message_has_a_key_of_its_own(run: Run, service: str, two: str, database: Any):
    run(COMMAND, two, "--base-url", service)

    keys = [m["client_id"] for s in database.sessions.find() for m in s["messages"]]
    assert len(set(keys)) == len(keys) == 14


def test_it_replays_no_more_than_its_limit(run: Run, service: str, two: str):
    result = run(COMMAND, two, "--json", "--base-url", service, "--limit", "1").json()

    assert (result["sessions"], result["messages"]) == (1, 2)


def test_it_closes_with_a_table(run: Run, service: str, two: str):
    outcome = run(COMMAND, two, "--base-url", service)

    assert outcome.code == 0
    rows = [line.split() for line in outcome.out.splitlines() if line.strip()]
    assert rows[0] == ["route", "requests", "p50", "ms", "p95", "ms"]
    assert ["POST", "/session/create", "2"] in [row[:3] for row in rows]
    assert [row for row in rows if len(row) == 2][:-1] == [
        ["sessions", "2"],
        ["messages", "14"],
        ["requests", "23"],
        ["retries", "0"],
        ["mismatches", "0"],
        ["failures", "0"],
    ]


def test_a_transcript_shows_windows_and_topic_shifts_as_the_service_tells_them(
    run: Run, service: str, tmp_path: Path
):
    messages = [*TURN, {"role": "user", "content": "By the way, how do volcanoes erupt?"}]
    path = tmp_path / "shift.jsonl"
    path.write_text(json.dumps({"id": "shift", "messages": messages, "topic_starts": [3]}))
    arguments = (str(path), "--base-url", service, "--transcript")

    result = run(COMMAND, *arguments, "--json").json()
    lines = run(COMMAND, *arguments).out.splitlines()

    [dialogue] = result["dialogues"]
    first, second = dialogue["windows"]
    assert (first["seq"], first["kept"], first["dropped"]) == (1, 1, 0)
    assert (second["seq"], second["kept"], second["dropped"]) == (3, 3, 0)
    assert 0 < first["token_count"] < second["token_count"] <= second["max_tokens"] == 4_000
    assert dialogue["topics"][0]["start_seq"] == 1
    shifts = {topic["start_seq"] for topic in dialogue["topics"][1:]}
    assert result["shifts"]["hits"] == len(shifts & {3}) == 1 - result["shifts"]["missed"]
    counts = {times["route"]: times["requests"] for times in result["routes"]}
    assert counts["GET /session/{session_id}/context"] == 2
    assert counts["GET /session/{session_id}/topics"] == 1
    assert "1 user: Hello" in lines
    assert sum(line.startswith("    window: ") for line in lines) == 2
    assert sum(line.startswith("──── topic 2: ") for line in lines) == len(shifts)
    assert lines[-1].startswith("topic shifts: ")


def test_a_system_prompt_too_long_for_any_window_is_said_in_its_transcript(
    run: Run, service: str, tmp_path: Path
):
    path = tmp_path / "long.jsonl"
    long_prompt = {"role": "system", "content": "word " * 5_000}
    path.write_text(dialogue("long", [long_prompt, {"role": "user", "content": "Hello."}]))

    outcome = run(COMMAND, str(path), "--base-url", service, "--transcript")

    assert outcome.code == 0
    assert "    window: none. The system prompt and the newest user message need" in outcome.out


def test_a_changed_content_is_a_mismatch(
    run: Run, service: str, two: str, monkeypatch: pytest.MonkeyPatch
):
    page = MessageViewSet.list

    def changing(view: Any, request: Any, **ids: str) -> Response:
        response = page(view, request, **ids)
        response.data["results"][0]["content"] = "changed"
        return response

    monkeypatch.setattr(MessageViewSet, "list", changing)

    outcome = run(COMMAND, two, "--base-url", service, "--limit", "1")

    assert outcome.code == 1
    assert "message 1: content is 'changed', not 'Hello'" in outcome.out


def test_a_lost_message_is_a_mismatch(
    run: Run, service: str, two: str, monkeypatch: pytest.MonkeyPatch
):
    def losing(view: Any, request: Any, **ids: str) -> Response:
        return Response({}, status=201)

    monkeypatch.setattr(MessageViewSet, "append", losing)

    outcome = run(COMMAND, two, "--json", "--base-url", service, "--limit", "1")

    assert outcome.code == 1
    assert [sentence.partition("): ")[2] for sentence in outcome.json()["mismatches"]] == [
        "the session: message_count is 1, not 2",
        "its newest messages: 2 messages expected, 1 found",
        "a page: latest_seq is 1, not 2",
        "its pages: 2 messages expected, 1 found",
    ]


def test_a_refused_message_is_a_failure(run: Run, service: str, tmp_path: Path):
    path = tmp_path / "long.jsonl"
    path.write_text(dialogue("long", [TURN[0], {"role": "user", "content": "x" * 500_001}]))

    outcome = run(COMMAND, str(path), "--json", "--base-url", service)

    assert outcome.code == 1
    assert outcome.json()["failures"] == [
        "long: POST /session/{session_id}/message: status 413 (too_large)"
    ]


@pytest.mark.parametrize("status", [429, 503])
def test_a_message_refused_for_the_moment_is_sent_again_under_its_key(
    run: Run, service: str, two: str, refuse: Callable[..., None], status: int
):
    refuse(*[Response({}, status=status, headers={"Retry-After": "0"})] * 2)

    result = run(COMMAND, two, "--json", "--base-url", service).json()

    assert result["retries"] == 2
    assert result["mismatches"] == result["failures"] == []


def test_it_gives_up_after_so_many_attempts(
    run: Run,
    service: str,
    two: str,
    refuse: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(client, "MAX_ATTEMPTS", 2)
    refuse(*[Response({}, status=503, headers={"Retry-After": "0"})] * 2)

    outcome = run(COMMAND, two, "--json", "--base-url", service, "--limit", "1")

    assert outcome.code == 1
    assert outcome.json()["failures"] == [
        "one: POST /session/{session_id}/message: status 503 after 2 attempts"
    ]


def test_an_expired_token_is_renewed(run: Run, service: str, two: str, refuse: Callable[..., None]):
    refuse(Response({}, status=401))

    result = run(COMMAND, two, "--json", "--base-url", service, "--users", "1").json()

    assert "POST /auth/token/refresh" in [times["route"] for times in result["routes"]]
    assert result["mismatches"] == result["failures"] == []


def test_an_interruption_prints_what_was_done_so_far(
    run: Run, service: str, two: str, monkeypatch: pytest.MonkeyPatch
):
    replay = crowd.Crowd.run

    def interrupted(each: crowd.Crowd) -> None:
        replay(each)
        raise KeyboardInterrupt

    monkeypatch.setattr(crowd.Crowd, "run", interrupted)

    outcome = run(COMMAND, two, "--base-url", service)

    assert outcome.code == 130
    assert outcome.out.startswith("interrupted; so far:\n")
    assert "/session/create" in outcome.out


def test_a_missing_file_is_wrong_usage(tmp_path: Path):
    path = tmp_path / "none.jsonl"

    assert usage_error(str(path)) == f"{path} cannot be read: No such file or directory."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--users", "0"], "--users must be between 1 and 1000."),
        (["--users", "1001"], "--users must be between 1 and 1000."),
        (["--limit", "0"], "--limit must be 1 or more."),
        (["--base-url", "nowhere"], "--base-url must look like http://127.0.0.1:8000."),
        (["--base-url", "http://h:x"], "--base-url must look like http://127.0.0.1:8000."),
    ],
)
def test_wrong_options_are_named(arguments: list[str], sentence: str):
    assert usage_error(*arguments) == sentence


def test_a_service_that_does_not_answer_is_said(two: str):
    with pytest.raises(CommandError, match=r"No service answers at http://127.0.0.1:1: .*refused"):
        call_command(COMMAND, two, base_url="http://127.0.0.1:1/")
