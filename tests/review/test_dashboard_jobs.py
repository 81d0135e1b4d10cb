"""The jobs by schedule on the admin's first page."""

import pytest

from sessions_app.domain.jobs import Outcome
from sessions_app.repository import jobs as jobs_store
from tests.review.conftest import text

pytestmark = pytest.mark.mongod("updates by MongoDB's clock")
INDEX = "/admin/"


def ran(name: str, outcome: Outcome, error: str | None = None) -> None:
    jobs_store.schedule(name, first_seconds=0, every_seconds=60)
    claimed = jobs_store.claim(name, owner="here/1")
    assert claimed
    jobs_store.finish(
        claimed, outcome=outcome, counts={"archived": 1_234}, error=error, position="",
        wait_seconds=60,
    )  # fmt: skip


def test_it_shows_each_jobs_last_run_figures_and_next_run(lea):
    ran("expire_sessions", Outcome.DONE)
    jobs_store.schedule("rebuild_search", first_seconds=60, every_seconds=60)
    shown = text(lea.client.get(INDEX))
    jobs = shown[shown.index('id="jobs"') :]
    for words in ("expire_sessions", "1,234 archived", "done", "rebuild_search", "not run yet"):
        assert words in jobs
    next_at = jobs_store.states()[0].next_at
    assert f"{next_at:%Y-%m-%d %H:%M:%S}" in jobs
    assert "job--alarming" not in jobs


def test_a_job_that_failed_stands_out_with_its_reason(lea):
    ran("expire_sessions", Outcome.FAILED, "the disk is full")
    shown = text(lea.client.get(INDEX))
    assert "job--alarming" in shown
    assert "failed: the disk is full" in shown


def test_a_run_that_goes_on_says_so(lea):
    jobs_store.schedule("expire_sessions", first_seconds=0, every_seconds=60)
    assert jobs_store.claim("expire_sessions", owner="here/1")
    assert "running" in text(lea.client.get(INDEX))


def test_before_the_first_schedule_there_is_no_table(lea):
    assert 'id="jobs"' not in text(lea.client.get(INDEX))
