"""A job runs under a lease of MongoDB's, and its runs are its history."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_app import clock
from sessions_app.domain import limits
from sessions_app.domain.errors import ProviderError
from sessions_app.domain.jobs import JobName, JobState, Outcome
from sessions_app.repository import indexes
from sessions_app.repository import jobs as jobs_store
from sessions_app.services.jobs import Running, job_history, jobs_enter, run_due, run_now, running
from tests.waiting import at_once, wait_until

pytestmark = pytest.mark.mongod("updates by MongoDB's clock")
NAME = JobName.EXPIRE.value


def state(name: str = NAME) -> JobState:
    return next(each for each in jobs_store.states() if each.name == name)


def let_lease_lapse(database: Any) -> None:
    database.jobs.update_one(
        {"_id": NAME}, {"$set": {"lease_until": clock.now() - timedelta(seconds=1)}}
    )


def test_a_run_leaves_its_figures_and_the_time_of_the_next(job, stop):
    run = run_now(job(), stop=stop, seconds=5)
    assert (run.outcome, run.counts) == (Outcome.DONE, {"looked_at": 2})
    assert state().last == run
    assert (state().runs, state().failures, state().succeeded_at) == (1, 0, run.ended_at)
    wait = (state().next_at - run.ended_at).total_seconds()
    assert wait == 3_600
    assert job_history(limit=5) == [run]


def test_the_figures_of_all_runs_add_up(job, stop):
    each = job()
    for _ in range(3):
        run_now(each, stop=stop, seconds=5, whenever=True)
    assert (state().runs, state().totals) == (3, {"looked_at": 6})


def test_a_job_that_is_not_due_does_not_run(job, stop):
    each = job()
    assert run_due([each], stop=stop, seconds=5)
    assert run_due([each], stop=stop, seconds=5) == []
    assert run_now(each, stop=stop, seconds=5) is None


def test_one_process_at_a_time_runs_a_job(job, stop):
    def work(running: Running) -> bool:
        assert run_now(each, stop=stop, seconds=5, whenever=True) is None
        assert jobs_store.due([NAME]) == []
        assert state().is_running(now=clock.now())
        return True

    each = job(work)
    assert run_now(each, stop=stop, seconds=5).outcome is Outcome.DONE
    assert not state().is_running(now=clock.now())


def test_of_many_that_look_at_once_one_runs_a_job(job, stop):
    ran: list[int] = []

    def work(running: Running) -> bool:
        ran.append(1)
        return True

    each = job(work)
    at_once(*[lambda: run_due([each], stop=stop, seconds=5)] * 6)
    assert (len(ran), len(job_history(limit=9))) == (1, 1)


def test_a_job_that_fails_is_said_and_tried_again_soon(job, stop, caplog):
    def work(running: Running) -> bool:
        running.counts["calls"] += 1
        raise ProviderError("the server is down")

    run = run_now(job(work), stop=stop, seconds=5)
    assert (run.outcome, run.error) == (Outcome.FAILED, "the server is down")
    assert state().has_failed
    assert (state().failures, state().succeeded_at) == (1, None)
    assert (state().next_at - run.ended_at).total_seconds() == 300
    assert "expire_sessions failed: the server is down" in caplog.text


def test_what_nobody_foresaw_fails_the_job_and_not_the_others(job, stop, caplog):
    def work(running: Running) -> bool:
        raise ZeroDivisionError

    runs = run_due([job(work), job(name=JobName.TOKENS)], stop=stop, seconds=5)
    assert {run.job: run.outcome for run in runs} == {
        "expire_sessions": Outcome.FAILED,
        "flushexpiredtokens": Outcome.DONE,
    }
    assert "ZeroDivisionError" in caplog.text


def test_a_killed_run_is_taken_over_and_counts_as_lost(job, stop, database):
    each = job()
    assert jobs_store.claim(NAME, owner="killed/1")
    assert run_now(each, stop=stop, seconds=5) is None
    let_lease_lapse(database)
    assert run_now(each, stop=stop, seconds=5).outcome is Outcome.DONE
    newest, lost = job_history(limit=5)
    assert (newest.outcome, lost.outcome, lost.owner) == (Outcome.DONE, Outcome.LOST, "killed/1")
    assert (state().runs, state().failures) == (2, 1)


def test_a_process_that_stood_still_does_not_end_its_successors_run(job, stop, database):
    job()
    sleeper = jobs_store.claim(NAME, owner="sleeper/1")
    let_lease_lapse(database)
    assert jobs_store.claim(NAME, owner="successor/2")
    assert not jobs_store.renew(sleeper, position="x")
    ending: Any = {"counts": {}, "error": None, "position": "", "wait_seconds": 60}
    assert jobs_store.finish(sleeper, outcome=Outcome.DONE, **ending) is None
    assert state().is_running(now=clock.now())


def test_a_run_whose_lease_is_lost_ends_after_its_step(job, stop, database, monkeypatch):
    monkeypatch.setattr(running, "RENEW_SECONDS", 0.01)

    def work(at: Running) -> bool:
        database.jobs.update_one({"_id": NAME}, {"$set": {"owner": "another/1"}})
        wait_until(lambda: not at.goes_on(), 30)
        return False

    assert run_now(job(work), stop=stop, seconds=60) is None


def test_a_lease_is_renewed_and_the_position_saved_while_a_step_lasts(job, stop, monkeypatch):
    monkeypatch.setattr(running, "RENEW_SECONDS", 0.01)

    def work(at: Running) -> bool:
        first = state().lease_until
        at.position = "here"
        wait_until(lambda: state().lease_until != first, 30)
        return False

    run_now(job(work), stop=stop, seconds=60)
    assert jobs_store.claim(NAME, owner="x", whenever=True).position == "here"


def test_a_stop_ends_a_run_which_goes_on_a_minute_later(job, stop):
    def work(at: Running) -> bool:
        at.position = "half"
        stop.set()
        return not at.goes_on() and False

    run = run_now(job(work), stop=stop, seconds=60)
    assert run.outcome is Outcome.STOPPED
    assert (state().next_at - run.ended_at).total_seconds() == 60


def test_a_run_that_is_over_its_time_leaves_the_rest_to_the_next(job, stop):
    run = run_now(job(lambda at: at.goes_on()), stop=stop, seconds=0)
    assert run.outcome is Outcome.MORE


def test_a_shorter_interval_holds_at_once_and_a_new_start_delays_nothing(job, stop):
    each = job()
    run_now(each, stop=stop, seconds=5)
    due_at = state().next_at
    jobs_enter([each])
    assert state().next_at == due_at
    jobs_enter([job(every=60)])
    assert state().next_at < due_at


def test_a_job_is_late_when_it_is_due_and_nobody_runs_it(job):
    job()
    assert not state().is_late(now=clock.now())
    assert state().is_late(now=clock.now() + timedelta(hours=1))


def test_the_history_is_kept_for_30_days():
    [index] = indexes.declared()["job_runs"]
    assert index.document["expireAfterSeconds"] == limits.JOB_RUNS_KEPT_SECONDS == 30 * 86_400
