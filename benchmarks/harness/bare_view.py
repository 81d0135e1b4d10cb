"""The floor of an append over HTTP: what one would write by hand instead of this service.

A Django view without middleware around one `find_one_and_update`, majority and journaled. No token,
no validation, no idempotency, no count of tokens; a list keeps its newest `KEEP` messages and the
older ones are lost. POST /m/<key> appends to one of the lists "0" to "63", GET /m/<key> reads the
newest 50. `service.bare` serves it with granian: WSGI, 2 workers, 4 threads.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any

import django
from django.conf import settings

if not settings.configured:  # in a process of its own; otherwise a benchmark borrows the views
    settings.configure(
        SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[]
    )
    django.setup()

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from pymongo import MongoClient, ReturnDocument

KEYS, USER = 64, "1"
KEEP, PAGE = int(os.environ.get("KEEP", "20")), 50
client: MongoClient[dict[str, Any]] = MongoClient(
    os.environ["MONGODB_URI"], w="majority", journal=True
)
lists = client["bare"]["sessions"]
for number in range(KEYS):
    empty = {"user_id": USER, "messages": [], "message_count": 0}
    lists.update_one({"_id": str(number)}, {"$setOnInsert": empty}, upsert=True)


def session(request: HttpRequest, key: str) -> HttpResponse:
    """Append a message, or read the newest."""
    if request.method == "GET":
        stored = lists.find_one({"_id": key, "user_id": USER}, {"messages": {"$slice": -PAGE}})
        return HttpResponse(json.dumps(stored, default=str), content_type="application/json")
    body, now = json.loads(request.body), datetime.now(UTC)
    message = {"role": body["role"], "content": body["content"], "timestamp": now}
    after = lists.find_one_and_update(
        {"_id": key, "user_id": USER},
        {
            "$push": {"messages": {"$each": [message], "$slice": -KEEP}},
            "$inc": {"message_count": 1},
            "$set": {"updated_at": now},
        },
        projection={"message_count": 1},
        return_document=ReturnDocument.AFTER,
    )
    answer = message | {"timestamp": now.isoformat(), "seq": after["message_count"]}
    return JsonResponse(answer, status=201)


urlpatterns = [path("m/<str:key>", session)]
application = get_wsgi_application()
