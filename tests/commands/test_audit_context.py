"""`manage.py audit_context`: what it counts, what it finds, how it exits."""

import json
import uuid
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sessions_app.domain.data import Role, Strategy
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.window.data import Reason
from sessions_app.domain.window.planning import WindowPlan, plan_window
from sessions_app.services.audits import windows as audits
from sessions_app.services.context import fitting
from tests.chatproject.conftest import manage
from tests.commands.conftest import Run
from tests.repository.conftest import append_many, new_session, now

COMMAND = "audit_context"
CALL = [{"id": "call-1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
TOOLS = [
    MessageDraft(role=Role.SYSTEM, content="Be brief."),
    MessageDraft(role=Role.USER, content="What is the weather?"),
    MessageDraft(role=Role.ASSISTANT, content="", tool_calls=CALL),
    MessageDraft(role=Role.TOOL, content="rain", tool_call_id="call-1"),
    MessageDraft(role=Role.ASSISTANT, content="It rains."),
    MessageDraft(role=Role.USER, content="And tomorrow?"),
]


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits.encoders, "load_encoder", lambda: None)


@pytest.fixture
def with_tools(database: Any) -> str:
    return new_session(history=TOOLS).session_id


def plan_otherwise(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let a planner with a fault in it plan."""

    def faulty(*args: Any, **options: Any) -> WindowPlan:
        return change(plan_window(*args, **options))

    monkeypatch.setattr(fitting, "plan_window", faulty)


def without(*seqs: int) -> Any:
    """A plan from which these messages have been dropped, its sum put right."""

    def drop(plan: WindowPlan) -> WindowPlan:
        lost = sum(m.token_count + 4 for m in plan.messages if m.seq in seqs and m.kept)
        messages = tuple(
            m._replace(kept=False, reason=Reason.OVER_BUDGET) if m.seq in seqs else m
            for m in plan.messages
        )
        return replace(plan, messages=messages, token_count=plan.token_count - lost)

    return drop


def keeping_all(plan: WindowPlan) -> WindowPlan:
    messages = tuple(m._replace(kept=True) for m in plan.messages)
    return replace(plan, messages=messages, token_count=sum(m.token_count + 4 for m in messages))


def broken(result: Any) -> set[tuple[str, str, int, str]]:
    return {(f["promise"], f["session_id"], f["seq"], f["strategy"]) for f in result["findings"]}


def test_a_sound_store_exits_with_0_and_says_so(run: Run, with_tools: str) -> None:
    outcome = run(COMMAND)
    assert outcome.code == 0
    assert outcome.out.endswith("broken promises: none\n")
    assert "1 sessions replayed, 0 of them trimmed; 0 have vectors" in outcome.out


def test_an_empty_store_is_sound(run: Run) -> None:
    result = run(COMMAND, "--json").json()
    assert result["sessions"] == 0
    assert result["strategies"]["hybrid"]["token_share"] is None


def test_json_is_one_object_with_all_four_strategies_side_by_side(run: Run) -> None:
    append_many(new_session().session_id, [f"message number {n}" for n in range(200)])
    outcome = run(COMMAND, "--json", "--max-tokens", "100")
    result = outcome.json()
    assert outcome.out.count("\n") == 1
    assert set(result["strategies"]) == set(Strategy)
    for amount in result["strategies"].values():
        assert 0 < amount["tokens"] <= 100
        assert amount["message_share"] == amount["messages"] / 200


def test_what_is_kept_and_what_is_trimmed_are_what_is_stored(run: Run) -> None:
    append_many(new_session().session_id, [f"message number {n}" for n in range(300)])
    for strategy in Strategy:
        result = run(COMMAND, "--json", "--max-tokens", "100", "--strategy", strategy).json()
        for unit in ("messages", "tokens"):
            amount = result["strategies"][strategy][unit]
            assert amount + result["trimmed"][unit] == result["stored"][unit]
            reasons = result["trimmed"]["reasons"].values()
            assert sum(amount[unit] for amount in reasons) == result["trimmed"][unit]


def test_a_wrong_token_count_in_the_tail_is_found(run: Run, database: Any, with_tools: str) -> None:
    database.sessions.update_one({"_id": with_tools}, {"$set": {"messages.4.token_count": 77}})
    outcome = run(COMMAND)
    assert outcome.code == 1
    assert f"{with_tools} seq 5: wrong_token_count (says 77, holds 3)" in outcome.out
    assert outcome.out.endswith("broken promises: 1 wrong_token_count\n")


def test_a_wrong_token_count_in_a_bucket_is_found(run: Run, database: Any) -> None:
    session_id = new_session().session_id
    append_many(session_id, [f"message {n}" for n in range(300)])
    database.message_buckets.update_one(
        {"session_id": session_id, "first_seq": 65}, {"$inc": {"messages.0.token_count": 1}}
    )
    outcome = run(COMMAND, "--json")
    assert outcome.code == 1
    assert broken(outcome.json()) == {("wrong_token_count", session_id, 65, None)}


@pytest.mark.parametrize("strategy", Strategy)
def test_a_planner_that_exceeds_the_budget_is_found(
    run: Run, monkeypatch: pytest.MonkeyPatch, strategy: Strategy
) -> None:
    session_id = new_session().session_id
    append_many(session_id, [f"message number {n}" for n in range(100)])
    plan_otherwise(
        monkeypatch, lambda plan: keeping_all(plan) if plan.strategy == strategy else plan
    )
    outcome = run(COMMAND, "--json", "--max-tokens", "100")
    assert outcome.code == 1
    (finding,) = outcome.json()["findings"]
    assert finding["session_id"] == session_id
    assert (finding["promise"], finding["strategy"]) == ("window_over_budget", strategy)


@pytest.mark.parametrize(("lost", "named"), [(3, 4), (4, 3)])
def test_a_planner_that_splits_a_call_from_its_result_is_found(
    run: Run, monkeypatch: pytest.MonkeyPatch, with_tools: str, lost: int, named: int
) -> None:
    plan_otherwise(monkeypatch, without(lost))
    outcome = run(COMMAND, "--json")
    assert outcome.code == 1
    assert broken(outcome.json()) == {
        ("split_tool_pair", with_tools, named, strategy) for strategy in Strategy
    }


@pytest.mark.parametrize(
    ("seq", "promise"), [(1, "system_prompt_missing"), (6, "newest_user_message_missing")]
)
def test_a_planner_that_forgets_what_must_be_there_is_found(
    run: Run, monkeypatch: pytest.MonkeyPatch, with_tools: str, seq: int, promise: str
) -> None:
    plan_otherwise(monkeypatch, without(seq))
    outcome = run(COMMAND, "--json")
    assert outcome.code == 1
    assert broken(outcome.json()) == {(promise, with_tools, seq, each) for each in Strategy}


def test_a_window_out_of_order_is_found(
    run: Run, monkeypatch: pytest.MonkeyPatch, with_tools: str
) -> None:
    gather = audits.context.gather

    def backwards(*args: Any) -> Any:
        gathered = gather(*args)
        return replace(gathered, messages=gathered.messages[::-1])

    monkeypatch.setattr(audits.context, "gather", backwards)
    outcome = run(COMMAND, "--json")
    assert outcome.code == 1
    # Six messages, of which the result is left out: its call comes behind it.
    broken_in_each = {"order_broken": 4, "split_tool_pair": 1}
    counts = outcome.json()["broken"]
    assert {name: counts[name] for name in broken_in_each} == {
        name: count * len(Strategy) for name, count in broken_in_each.items()
    }


def test_a_document_that_cannot_be_read_is_named_and_the_others_are_audited(
    run: Run, database: Any, with_tools: str
) -> None:
    other = new_session().session_id
    database.sessions.update_one({"_id": with_tools}, {"$unset": {"messages.0.role": 1}})
    outcome = run(COMMAND)
    assert outcome.code == 1
    problem = "message 1: ValueError('role is missing')"
    assert f"{with_tools}: cannot_be_planned ({problem})" in outcome.out
    assert other not in outcome.out
    assert "2 sessions replayed" in outcome.out


def test_what_does_not_fit_the_budget_is_told_and_breaks_no_promise(run: Run) -> None:
    prompt = MessageDraft(role=Role.SYSTEM, content="a prompt of far too many words " * 30)
    append_many(new_session(history=[prompt]).session_id, ["Hello?"])
    outcome = run(COMMAND, "--max-tokens", "64")
    assert outcome.code == 0
    assert "1 have no window" in outcome.out


def test_findings_beyond_the_first_thousand_are_counted_only(
    run: Run, monkeypatch: pytest.MonkeyPatch, with_tools: str
) -> None:
    monkeypatch.setattr("sessions_app.domain.audit.tally.FINDINGS_KEPT", 1)
    plan_otherwise(monkeypatch, without(1))
    result = run(COMMAND, "--json").json()
    assert len(result["findings"]) == 1
    assert result["findings_left_out"] == 3


def test_only_one_users_sessions(run: Run, database: Any, with_tools: str) -> None:
    database.sessions.update_one({"_id": with_tools}, {"$set": {"user_id": "somebody"}})
    new_session()
    new_session()
    assert run(COMMAND, "--json", "--user", "owner").json()["sessions"] == 2
    assert run(COMMAND, "--json", "--user", "somebody").json()["sessions"] == 1
    assert run(COMMAND, "--json", "--user", "nobody").json()["sessions"] == 0


def test_since_and_limit_choose_sessions(run: Run, database: Any, with_tools: str) -> None:
    old = new_session().session_id
    long_ago = now() - timedelta(days=400)
    database.sessions.update_one({"_id": old}, {"$set": {"updated_at": long_ago}})
    yesterday = (now() - timedelta(days=1)).date().isoformat()
    assert run(COMMAND, "--json").json()["sessions"] == 2
    assert run(COMMAND, "--json", "--since", yesterday).json()["sessions"] == 1
    assert run(COMMAND, "--json", "--limit", "1").json()["sessions"] == 1


def test_it_can_be_stopped(run: Run, monkeypatch: pytest.MonkeyPatch, with_tools: str) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(audits, "_audit", interrupt)
    assert run(COMMAND).code == 130


def test_nothing_is_written(run: Run, database: Any, with_tools: str) -> None:
    before = database.sessions.find_one()
    run(COMMAND)
    assert database.sessions.find_one() == before
    assert database.message_annotations.count_documents({}) == 0


def test_two_thousand_sessions(run: Run, database: Any, with_tools: str) -> None:
    session = database.sessions.find_one()
    database.sessions.insert_many([session | {"_id": str(uuid.uuid4())} for _ in range(1_999)])
    bad = str(uuid.uuid4())
    database.sessions.insert_one(
        session | {"_id": bad, "messages": _miscounted(session["messages"])}
    )
    result = run(COMMAND, "--json").json()
    assert result["sessions"] == 2_001
    assert result["stored"]["messages"] == 6 * 2_001
    assert broken(result) == {("wrong_token_count", bad, 2, None)}


def _miscounted(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [messages[0], messages[1] | {"token_count": 500}, *messages[2:]]


def test_plot_is_an_svg_with_a_bar_for_each_strategy(
    run: Run, tmp_path: Path, with_tools: str
) -> None:
    path = tmp_path / "kept.svg"
    assert json.loads(run(COMMAND, "--json", "--plot", str(path)).out)["sessions"] == 1
    texts = [element.text for element in ET.parse(path).iter() if element.text]
    assert {str(strategy) for strategy in Strategy} <= set(texts)
    assert "6 kept (100.0%)" in texts


@pytest.mark.parametrize(
    "wrong",
    [
        ["--max-tokens", "63"], ["--max-tokens", "1000001"], ["--strategy", "newest"],
        ["--since", "yesterday"], ["--limit", "0"], ["--plot", "/nowhere/at/all.svg"],
    ],
)  # fmt: skip
def test_wrong_usage_is_refused(wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command(COMMAND, *wrong)


def test_wrong_usage_exits_with_2_from_the_shell(data_dir: Path) -> None:
    done = manage(data_dir, COMMAND, "--max-tokens", "63")
    assert done.returncode == 2
    assert "must be from 64 to 1,000,000" in done.stderr
