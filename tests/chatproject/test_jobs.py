"""The schedule of `serve`: what runs, and where one sees how it went."""

import json
import signal
from datetime import timedelta

import httpx
import psutil
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.credentials import expired_tokens
from chatproject import jobs as schedule
from sessions_app import encoders
from sessions_app.domain.jobs import JobName, Outcome
from sessions_app.repository import jobs as jobs_store
from tests.chatproject.conftest import Service, living, manage
from tests.waiting import wait_until

NAME = JobName.TOKENS.value


def failed_job() -> None:
    jobs_store.schedule(NAME, first_seconds=0, every_seconds=60)
    claimed = jobs_store.claim(NAME, owner="here/1")
    assert claimed
    jobs_store.finish(
        claimed,
        outcome=Outcome.FAILED,
        counts={"tokens": 3},
        error="the disk is full",
        position="",
        wait_seconds=60,
    )


def test_an_interval_of_0_switches_a_job_off(settings, monkeypatch):
    monkeypatch.setattr(encoders, "available", lambda: True)
    settings.JOBS_SEARCH_SECONDS = 0
    names = [job.name for job in schedule.scheduled()]
    assert names == [JobName.EXPIRE, JobName.TOKENS, JobName.TOPICS, JobName.ATTACHMENTS]


@pytest.mark.django_db
def test_expired_tokens_are_removed_in_batches(monkeypatch):
    monkeypatch.setattr(expired_tokens, "_BATCH", 2)
    for number, days in enumerate((-3, -2, -1, 1)):
        OutstandingToken.objects.create(
            jti=f"{number:032}", token="t", expires_at=timezone.now() + timedelta(days=days)
        )
    assert list(expired_tokens.flush()) == [2, 1]
    assert OutstandingToken.objects.count() == 1


@pytest.mark.mongod("updates by MongoDB's clock")
class TestWhatAFailedJobShows:
    def test_readyz_names_it_and_stays_ready(self, database):
        failed_job()
        response = Client().get("/readyz")
        body = response.json()
        assert body["jobs"] == "flushexpiredtokens failed"
        assert body["status"] != "unavailable"
        told = body["details"]["jobs"][NAME]
        assert (told["outcome"], told["figures"]) == ("failed", {"tokens": 3})
        assert told["last_run"] < told["next_run"]

    def test_readyz_does_not_expect_what_is_off(self, database, settings):
        settings.JOBS = False
        failed_job()
        assert "jobs" not in Client().get("/readyz").json()

    def test_metrics_have_it(self, database):
        failed_job()
        text = Client().get("/metrics").content.decode()
        for line in (
            f'chat_job_failed{{job="{NAME}"}} 1.0',
            f'chat_job_failures_total{{job="{NAME}"}} 1.0',
            f'chat_job_runs_total{{job="{NAME}"}} 1.0',
            f'chat_job_done_total{{job="{NAME}",kind="tokens"}} 3.0',
            f'chat_job_last_success_seconds{{job="{NAME}"}} 0.0',
        ):
            assert line in text
        assert f'chat_job_next_run_seconds{{job="{NAME}"}} 1' in text

    def test_the_command_runs_one_that_is_named_whenever(self, database, capsys, transactional_db):
        failed_job()
        call_command("run_jobs", NAME, "--json")
        [run] = json.loads(capsys.readouterr().out)["runs"]
        assert (run["job"], run["outcome"]) == (NAME, "done")

    def test_the_command_runs_what_is_due_once(self, database, capsys, settings, transactional_db):
        for name in ("EXPIRE", "SEARCH", "TOPICS", "SUMMARIES", "ATTACHMENTS"):
            setattr(settings, f"JOBS_{name}_SECONDS", 0)
        jobs_store.schedule(NAME, first_seconds=0, every_seconds=60)
        for expected in ([NAME], []):
            call_command("run_jobs", "--once", "--json")
            runs = json.loads(capsys.readouterr().out)["runs"]
            assert [run["job"] for run in runs] == expected


def test_the_command_knows_its_jobs(database):
    with pytest.raises(CommandError, match="No job is called brew_coffee"):
        call_command("run_jobs", "brew_coffee")


def scheduler(service: Service) -> list[int]:
    processes = living(service.data_dir)
    return [pid for pid, line in processes.items() if line.endswith("manage.py run_jobs")]


QUICK = {
    "JOBS": "1",
    "JOBS_EXPIRE_SECONDS": "1",
    "JOBS_TOKENS_SECONDS": "1",
    "JOBS_SEARCH_SECONDS": "1",
    "JOBS_ATTACHMENTS_SECONDS": "0",
    "JOBS_TOPICS_SECONDS": "0",
}


def test_serve_sweeps_without_being_asked_and_starts_a_killed_scheduler_again(serve):
    service = serve(**QUICK).ready()
    account = {"username": "ann", "password": "correct horse battery"}
    token = service.post("/auth/register", account)["access"]
    created = service.post("/session/create", {"ttl_seconds": 1}, token)
    headers = {"Authorization": f"Bearer {token}"}

    def archived() -> list[str]:
        url = f"{service.url}/session?status=archived"
        listed = httpx.get(url, headers=headers, timeout=20).json()
        return [each["session_id"] for each in listed["results"]]

    def ran() -> bool:
        told = service.get("/readyz").json().get("details", {}).get("jobs", {})
        return len(told) == 3 and all(job["last_run"] for job in told.values())

    wait_until(lambda: archived() == [created["session_id"]])
    wait_until(ran)
    [first] = scheduler(service)
    assert psutil.Process(first).nice() > psutil.Process(service.process.pid).nice()
    psutil.Process(first).kill()
    wait_until(lambda: scheduler(service) not in ([], [first]))
    assert "the process that runs jobs has ended" in service.output
    assert service.end(signal.SIGTERM) == 0
    assert living(service.data_dir) == {}


def test_with_the_setting_off_nothing_runs_by_schedule(service):
    assert scheduler(service) == []
    assert manage(service.data_dir, "run_jobs", "nothing").returncode == 2
