"""Reads that have much to judge, at once: what they are answered, and how others fare beside them.

Short by default; `--slow` measures it at the size of an incident, on a machine that does nothing
else.
"""

import asyncio
import json
from itertools import count
from pathlib import Path

import pytest

from tests.chatproject.conftest import Serve, Service
from tests.drills import Saw
from tests.faults import crowd
from tests.faults.crowd import Answered, append_to, request_of
from tests.faults.talks import READY_SECONDS, Talk
from tests.waiting import in_time

UNLIMITED = dict.fromkeys(
    ("THROTTLE_CHAT", "THROTTLE_USER", "THROTTLE_ANON", "THROTTLE_SEARCH"), ""
)
SUBJECTS = ("the harbour of Lisbon", "old bicycles", "bread with caraway", "tax returns", "owls")


@pytest.fixture
def slow(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--slow"))


def with_history(service: Service, number: int, talk: Talk | None = None) -> Talk:
    """Somebody with a session of so many messages that nobody has judged yet."""
    talk = Talk(service, talk)
    for first in range(0, number, 100):
        messages = [
            {
                "role": "assistant" if seq % 2 else "user",
                "content": f"{seq}. What do you know about {SUBJECTS[seq // 9 % 5]}? " * 4,
            }
            for seq in range(first, min(first + 100, number))
        ]
        answer = talk.request("POST", "messages", json={"messages": messages})
        assert answer.status_code == 201, answer.text
    return talk


def window(talk: Talk) -> bytes:
    return request_of("GET", f"/session/{talk.session}/context", talk.token)


async def read_at_once(port: int, talks: list[Talk]) -> list[Answered]:
    return list(
        await asyncio.gather(*(crowd.ask_once(port, window(talk), "127.0.0.1") for talk in talks))
    )


@pytest.mark.drill(9, "many windows are asked for that have all to judge")
def test_windows_that_need_much_are_answered_in_time_and_keep_nobody_waiting(
    serve: Serve, data_dir: Path, slow: bool, saw: Saw
) -> None:
    service = serve(data_dir, **UNLIMITED, WORKERS="2" if slow else "1").ready(READY_SECONDS)
    number, length, seconds = (20, 1_000, 6.0) if slow else (4, 300, 2.0)
    talks = [with_history(service, length) for _ in range(number)]
    stranger = [append_to(Talk(service))]
    alone = asyncio.run(crowd.crowd(service.port, stranger, 1, seconds))

    async def beside() -> tuple[list[Answered], crowd.Crowd]:
        reads = asyncio.create_task(read_at_once(service.port, talks))
        appends = await crowd.crowd(service.port, stranger, 1, seconds)
        return await reads, appends

    reads, appends = asyncio.run(beside())
    assert {read.status for read in reads} <= {200, 503}
    windows = [json.loads(read.body) for read in reads if read.status == 200]
    assert windows
    assert all(isinstance(each["complete"], bool) and each["messages"] for each in windows)
    assert set(appends.statuses) == {201}
    saw(
        f"{number} windows of {length} messages: slowest {max(r.seconds for r in reads):.1f} s, "
        f"{len(windows)} answered, {sum(w['complete'] for w in windows)} of them complete; append "
        f"p95 {appends.percentile(0.95):.3f} s beside them, {alone.percentile(0.95):.3f} s alone"
    )
    if slow:
        assert max(read.seconds for read in reads) < 5
        assert appends.percentile(0.95) <= 3 * alone.percentile(0.95)


def test_a_window_that_was_planned_too_soon_says_so_and_is_complete_in_the_end(
    serve: Serve, data_dir: Path
) -> None:
    service = serve(data_dir, **UNLIMITED, HEAVY_SECONDS="1").ready(READY_SECONDS)
    talk = with_history(service, 800)
    asked = []
    for _ in in_time(count(), what="the last topic"):
        asked.append(talk.request("GET", "topics").json())
        if asked[-1]["complete"]:
            break
        assert asked[-1]["judged"] < 800
    assert asked[-1]["judged"] == 800
    judged = [each["judged"] for each in asked]
    assert judged == sorted(set(judged))
    for each in asked:
        assert each["results"][-1]["end_seq"] == each["judged"]
    assert talk.request("GET", "context").json()["complete"] is True


def test_one_user_takes_no_more_than_a_share(serve: Serve, data_dir: Path) -> None:
    service = serve(data_dir, **UNLIMITED).ready(READY_SECONDS)
    greedy = with_history(service, 500)
    talks = [greedy, *(with_history(service, 500, greedy) for _ in range(5))]
    stranger = with_history(service, 10)

    async def beside() -> tuple[list[Answered], Answered]:
        reads = asyncio.create_task(read_at_once(service.port, talks))
        answer = await crowd.ask_once(service.port, window(stranger), "127.0.0.1")
        assert not reads.done()
        return await reads, answer

    reads, answer = asyncio.run(beside())
    assert {read.status for read in reads} <= {200, 503}
    assert answer.status == 200
    assert json.loads(answer.body)["messages"]
