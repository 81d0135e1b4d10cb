"""Work on all sessions: where it goes on, how far it is, how much of the time it takes."""

import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import CommandError

from sessions_app.management import progress_bar
from sessions_app.repository import audits
from sessions_app.services import walks
from sessions_app.services.audits import rebuilding, windows
from sessions_app.services.search import indexing
from sessions_app.services.walks import Pace, Walk
from tests.commands.conftest import Run
from tests.passed_through import ROOT
from tests.repository.conftest import OWNER, append, new_session, now

SESSIONS = 5


@pytest.fixture
def stored(database: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of some sessions with a message each, in order; where a walk is is always kept."""
    monkeypatch.setattr(walks, "SAVE_SECONDS", 0)
    ids = sorted(new_session().session_id for _ in range(SESSIONS))
    for session_id in ids:
        append(session_id, "a word")
    return ids


def broken_at(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, session_id: str
) -> list[str]:
    """Have the work of a module break off at a session, as a Ctrl-C would; what it looked at."""
    work, looked_at = getattr(module, name), list[str]()

    def breaks(listed: Any, *args: Any, **kwargs: Any) -> Any:
        looked_at.append(listed.session_id)
        if listed.session_id == session_id and looked_at.count(session_id) == 1:
            raise KeyboardInterrupt
        return work(listed, *args, **kwargs)

    monkeypatch.setattr(module, name, breaks)
    return looked_at


@pytest.mark.parametrize(
    ("command", "module", "work"),
    [
        ("audit_context", windows, "_confirmed"),
        ("rebuild_annotations", rebuilding, "_rebuild"),
    ],
)
def test_it_goes_on_where_it_was_interrupted_and_reports_all_of_it(
    run: Run,
    stored: list[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    module: Any,
    work: str,
):
    looked_at = broken_at(monkeypatch, module, work, stored[3])
    assert run(command).code == 130
    again = run(command, "--json", "--resume")

    assert again.code == 0
    assert again.json()["sessions"] == SESSIONS
    assert looked_at == [*stored[:4], *stored[3:]]
    # It has come to its end, so the next one begins anew.
    assert run(command, "--json", "--resume").json()["sessions"] == SESSIONS


def test_the_search_index_goes_on_by_the_time_of_its_first_run(
    run: Run, stored: list[str], monkeypatch: pytest.MonkeyPatch, database: Any
):
    monkeypatch.setattr(audits.pages, "PAGE", 2)
    index_sessions, portions = indexing.index_sessions, list[list[str]]()

    def breaks(sessions: Any, **kwargs: Any) -> Any:
        portions.append(sorted(each.session_id for each in sessions))
        if len(portions) == 2:
            raise KeyboardInterrupt
        return index_sessions(sessions, **kwargs)

    monkeypatch.setattr(indexing, "index_sessions", breaks)
    assert run("rebuild_search").code == 130
    # Behind the walk, and before its second run: by the time of that it would be passed over.
    append(stored[0], "behind")
    assert run("rebuild_search", "--json", "--resume").json()["sessions"] == SESSIONS

    assert portions == [stored[:2], stored[2:4], stored[2:4], stored[4:]]
    assert indexing.catch_up(user_id=None, seconds=60, now=now()).indexed_messages == 1


def test_without_resume_it_begins_anew_and_says_that_it_could_go_on(
    run: Run, stored: list[str], monkeypatch: pytest.MonkeyPatch
):
    looked_at = broken_at(monkeypatch, windows, "_confirmed", stored[3])
    run("audit_context")
    anew = run("audit_context")

    assert "an earlier run was stopped after 3 sessions; --resume goes on there" in anew.err
    assert looked_at == [*stored[:4], *stored]


def test_a_limit_is_gone_on_behind(run: Run, stored: list[str]):
    assert run("audit_context", "--json", "--limit", "2").json()["sessions"] == 2
    further = run("audit_context", "--resume", "--limit", "2")
    assert "going on after 2 sessions" in further.err

    assert run("audit_context", "--json", "--resume").json()["sessions"] == SESSIONS


def test_other_options_are_another_walk(run: Run, stored: list[str]):
    run("audit_context", "--json", "--limit", "2")
    for options in (("--strategy", "recent"), ("--user", OWNER), ("--max-tokens", "500")):
        whole = run("audit_context", "--json", "--resume", *options)
        assert whole.json()["sessions"] == SESSIONS

    assert run("audit_context", "--json", "--resume").json()["sessions"] == SESSIONS


def test_what_is_kept_of_a_user_s_walk_names_nobody(run: Run, stored: list[str], database: Any):
    run("audit_context", "--json", "--user", OWNER, "--limit", "2")
    [kept] = database.audit_progress.find({})

    assert OWNER not in str(kept)
    assert kept["checked"] == 2


def test_a_walk_keeps_where_it_is_with_what_was_counted_by_then(database: Any):
    walk = Walk("rebuild_search")
    walk.counts = lambda: {"sessions": walk.done}
    for session_id in ("a", "b"):
        walk.passed(session_id)
    walk.save()
    walk.passed("c")
    resumed = Walk("rebuild_search", resume=True)

    assert (resumed.after, resumed.done, resumed.before.counted) == ("b", 2, {"sessions": 2})
    assert resumed.began_at.replace(microsecond=0) == walk.began_at.replace(microsecond=0)
    assert Walk("rebuild_search").after == ""


def test_a_share_of_the_time_is_rest():
    times, rests = iter([0.0, 2.0, 10.0, 11.0, 15.0]), list[float]()
    pace = Pace(20, clock=lambda: next(times), sleep=rests.append)
    pace.rest()
    pace.rest()

    assert rests == [8.0, 4.0]


def test_all_of_the_time_is_none():
    Pace(100, sleep=lambda _: pytest.fail("it rests")).rest()


@pytest.mark.parametrize("command", ["check_integrity", "audit_context", "rebuild_search"])
def test_each_rests_as_it_is_told(
    run: Run, stored: list[str], monkeypatch: pytest.MonkeyPatch, command: str
):
    rests = list[float]()
    init = Pace.__init__
    monkeypatch.setattr(Pace, "__init__", lambda pace, share: init(pace, share, sleep=rests.append))
    assert run(command, "--json", "--share", "50").code == 0
    assert rests
    rests.clear()
    assert run(command, "--json").code == 0
    assert rests == []


@pytest.mark.parametrize("share", ["0", "101", "-1", "half"])
def test_a_share_is_from_1_to_100(run: Run, share: str):
    with pytest.raises(CommandError, match="argument --share"):
        run("audit_context", "--share", share)


def test_a_log_gets_a_line_a_minute_with_rate_and_time_left():
    times = iter([0.0, 0.0, 30.0, 60.0, 61.0, 120.0])
    said = list[str]()
    lines = progress_bar.Lines("sessions", 10_000, said.append, clock=lambda: next(times))
    # 1,000 are of an earlier run, and say nothing of this one's rate.
    for done in (1_000, 100, 500, 100, 500):
        lines.advance(done)

    assert said == [
        "1,600 of 10,000 sessions, 10.0/s, about 14 min left",
        "2,200 of 10,000 sessions, 10.0/s, about 13 min left",
    ]


def test_memory_does_not_grow_with_the_number_of_sessions(
    stored: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(audits.pages, "PAGE", 2)
    held = [len(page) for page in windows.listed_sessions(user_id=None)]

    assert held == [2, 2, 1]


def test_the_pages_of_a_walk_go_up_without_a_gap(
    stored: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(audits.pages, "PAGE", 2)
    pages = list(windows.listed_sessions(user_id=None, after=stored[0]))
    ids = [listed.session_id for page in pages for listed in page]

    assert ids == stored[1:]
    assert all(first < second for first, second in pairwise(ids))


# What takes a command long to load, and no work on all sessions needs.
NEVER_LOADED = {
    "accounts.admin", "chatproject.urls", "sessions_app.api.urls", "sessions_app.review.admin",
    "rest_framework.views", "drf_spectacular.openapi", "psycopg", "phonenumbers", "aiohttp",
    "onnxruntime", "rich.progress", "granian", "opentelemetry",
}  # fmt: skip


@pytest.mark.mongod("a process of its own")
def test_a_command_starts_without_routes_pages_and_models():
    code = (
        "import os, sys\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "from django.core.management import load_command_class\n"
        "for name in ('check_integrity', 'audit_context', 'rebuild_annotations',\n"
        "             'rebuild_search', 'summarise_sessions', 'expire_sessions'):\n"
        "    command = load_command_class('sessions_app', name)\n"
        "    command.create_parser('manage.py', name).format_help()\n"
        "    assert not command.requires_system_checks, name\n"
        "print('\\n'.join(sys.modules))\n"
    )
    answered = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(answered.stdout.split())

    assert "sessions_app.services.audits" in loaded
    assert NEVER_LOADED & loaded == set()
