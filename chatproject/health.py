"""Whether the process is up, and whether what it depends on is."""

from http import HTTPStatus

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chatproject import readiness
from chatproject.metrics import ARRIVED_KEY
from sessions_app import encoders
from sessions_app.http.waiting import Waits, waits
from sessions_app.repository import health

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

    Without the accounts database it is degraded, and still 200: who has a token can go on.
    """
    report = readiness.report(request.META.get(ARRIVED_KEY))
    body = {"status": report.status.value} | report.parts
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


readiness.add("mongodb", _mongodb_takes_writes)
readiness.add("accounts", _accounts_answer, readiness.Weight.DEGRADES)
readiness.add("encoder", encoders.available, readiness.Weight.TOLD)
