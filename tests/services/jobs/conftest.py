"""Jobs that do what a test says."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sessions_app.domain.jobs import JobName
from sessions_app.repository import jobs as jobs_store
from sessions_app.services.jobs import Job, Running

MakeJob = Callable[..., Job]


def work(running: Running) -> bool:
    running.counts["looked_at"] += 2
    return True


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def job(database: Any) -> MakeJob:
    """Makes a job that is due now."""

    def make(
        do: Callable[[Running], bool] = work, *, name: JobName = JobName.EXPIRE, every: int = 3_600
    ) -> Job:
        jobs_store.schedule(name.value, first_seconds=0, every_seconds=every)
        return Job(name, do, every)

    return make
