"""The least a Django view can do: one pymongo call, with the service's client and write concern.

No token, no validation, no token count, no idempotency, no history beyond the slice.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from mongoengine import get_db
from pymongo import ReturnDocument

from benchmarks.http_baselines import BARE, KEPT, PAGE


@csrf_exempt
def append(request: HttpRequest, session_id: str) -> HttpResponse:
    """Push one message and answer with it."""
    body = orjson.loads(request.body)
    now = datetime.now(UTC)
    message = {"id": uuid.uuid4().hex, "timestamp": now, **body}
    after = get_db()[BARE].find_one_and_update(
        {"_id": session_id},
        {
            "$push": {"messages": {"$each": [message], "$slice": -KEPT}},
            "$inc": {"message_count": 1},
            "$set": {"updated_at": now},
        },
        projection={"message_count": 1},
        return_document=ReturnDocument.AFTER,
    )
    return _json({**message, "seq": after["message_count"]}, status=201)


def read(request: HttpRequest, session_id: str) -> HttpResponse:
    """The session with its newest messages."""
    found: dict[str, Any] = get_db()[BARE].find_one(
        {"_id": session_id}, {"messages": {"$slice": -PAGE}}
    )
    return _json(found, status=200)


def _json(value: dict[str, Any], *, status: int) -> HttpResponse:
    return HttpResponse(orjson.dumps(value), content_type="application/json", status=status)
