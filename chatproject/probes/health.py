"""Whether the process is up, and whether what it depends on is."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chatproject import jobs as schedule
from chatproject.metrics.requests import ARRIVED_KEY
from chatproject.probes import draining, readiness
from chatproject.storage import disk
from sessions_app import clock, encoders
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.http.waiting import Waits, waits
from sessions_app.repository import health
from sessions_app.services import jobs

# Below what a check may take, so that it fails by itself before it is given up.
MONGODB_MS = 1_000


@waits(Waits.FOR_NOTHING)
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers."""
    return JsonResponse({"status": "ok"})


@waits(Waits.FOR_A_PROBE)
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when this worker can serve conversations; else 503, naming what is missing.

    Without the accounts database it is degraded, and still 200: who has a token can go on. With a
    full disk it is in service, too: reads go on. Clock and disk are named when something is wrong.
    A service that is about to stop is not ready, though it serves until balancers have noticed.
    """
    if draining.is_announced(settings.DATA_DIR):
        return JsonResponse({"status": "draining"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    report = readiness.report(request.META.get(ARRIVED_KEY))
    body: dict[str, Any] = {"status": report.status.value} | report.parts
    if report.details:
        body["details"] = report.details
    is_ready = report.status is not readiness.Weight.REQUIRED
    return JsonResponse(body, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)


def _mongodb_takes_writes() -> bool:
    return health.majority_takes_writes(MONGODB_MS)


def _accounts_answer() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        return False
    finally:
        # Outside of requests Django does not give connections back.
        connection.close()


class _Jobs:
    """How the jobs stand, as the last look saw them: told, and never a reason for 503."""

    def __init__(self) -> None:
        self.report: jobs.JobReport | None = None
        self.troubles: dict[str, str] = {}

    def are_well(self) -> bool:
        """Whether none of those that run by schedule here has failed or is late."""
        try:
            self.report = jobs.jobs_report(now=clock.now())
        except StorageUnavailable:
            # Which has a check of its own.
            self.report, self.troubles = None, {}
            return True
        names = {job.name.value for job in schedule.scheduled()} if settings.JOBS else set()
        self.troubles = self.report.troubles(names)
        return not self.troubles

    def says(self) -> str:
        """Which job has failed, or is late."""
        return ", ".join(f"{name} {how}" for name, how in self.troubles.items()) or "unknown"

    def details(self) -> dict[str, Any]:
        """Each job's last run, figures and next run."""
        return self.report.as_json() if self.report else {}


_jobs = _Jobs()

readiness.add("mongodb", _mongodb_takes_writes)
readiness.add("accounts", _accounts_answer, readiness.Weight.DEGRADES)
readiness.add("encoder", encoders.available, readiness.Weight.TOLD)
readiness.add(
    "clock",
    clock.is_right,
    says=lambda: f"{clock.off_by():+.0f} s from MongoDB's",
    always=False,
)
readiness.add(
    "disk", lambda: not disk.is_short(), readiness.Weight.TOLD, says=lambda: "full", always=False
)
readiness.add(
    "jobs",
    _jobs.are_well,
    readiness.Weight.TOLD,
    says=_jobs.says,
    always=False,
    details=_jobs.details,
)
