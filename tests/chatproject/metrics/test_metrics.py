"""`GET /metrics`: what it says, to whom, and that every worker says the same."""

import re
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from chatproject.metrics.labels import route_template
from sessions_app import encoders
from sessions_app.repository import health
from sessions_app.repository.figures import totals as figures
from sessions_app.services.expiry import sweeping as expiry
from tests.chatproject.conftest import Serve
from tests.conftest import Create, Person, error
from tests.expiry_data import DAY, Store, now
from tests.waiting import Threads

FOR_THIS_MACHINE = error(
    "permission_denied", "Without METRICS_TOKEN, metrics are for this machine only."
)
NO_TOKEN = error("not_authenticated", "This needs the token of METRICS_TOKEN.")
TOKEN = "a token of sixteen or more"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture
def scrape():
    def get() -> Samples:
        response = Client().get("/metrics")
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain; version=")
        assert "no-store" in response["Cache-Control"]
        return samples(response.content.decode())

    return get


def test_it_counts_requests_by_route_method_and_status(
    alice: Person, create: Create, scrape: Any
) -> None:
    before = scrape()
    session_id = create()["session_id"]
    alice.client.post(f"/session/{session_id}/message", {"content": "x"})
    alice.client.post(f"/session/{session_id}/message/", {"content": "x"})
    alice.client.post(f"/session/{session_id}/message", {"content": ""})
    after = scrape()
    labels = {"route": "/session/{session_id}/message", "method": "POST"}
    for status, number in (("201", 2), ("400", 1)):
        name = "chat_http_requests_total"
        assert value(after, name, **labels, status=status) == (
            value(before, name, **labels, status=status) + number
        )
    name = "chat_http_request_seconds_count"
    assert value(after, name, **labels) == value(before, name, **labels) + 3


def test_it_counts_messages_once(alice: Person, create: Create, scrape: Any) -> None:
    path = f"/session/{create()['session_id']}"
    before = value(scrape(), "chat_messages_appended_total")
    for _ in range(3):
        alice.client.post(f"{path}/message", {"content": "x", "client_id": "key"})
    alice.client.post(f"{path}/messages", {"messages": [{"content": "x"}] * 5})
    assert value(scrape(), "chat_messages_appended_total") == before + 6


def test_it_counts_sessions_by_what_is_to_become_of_them(database: Any, scrape: Any) -> None:
    store = Store(database)
    store.add(7, expires_at=now() + 2 * DAY)
    store.add(5)
    store.expired(3)
    store.archived(4, DAY)
    store.archived(2, 400 * DAY)
    found = scrape()
    assert value(found, "chat_sessions", status="active") == 15
    assert value(found, "chat_sessions", status="archived") == 6
    assert value(found, "chat_sessions_expired") == 3
    assert value(found, "chat_sessions_expiring_day") == 5
    assert value(found, "chat_archives_past_retention") == 2
    assert value(found, "chat_last_sweep_seconds") == 0
    assert abs(value(found, "chat_counted_seconds") - time.time()) < 60


def test_it_counts_turns(alice: Person, create: Create, scrape: Any) -> None:
    before = scrape()
    path = f"/session/{create()['session_id']}/chat"
    assert alice.client.post(path, {"content": "Hello"}).status_code == 200
    after = scrape()
    for name, labels, more in (
        ("chat_turns_total", {"state": "done", "model": "demo"}, 1),
        ("chat_messages_appended_total", {}, 2),
    ):
        assert value(after, name, **labels) == value(before, name, **labels) + more
    assert value(after, "chat_turns_running") == 0


def test_it_says_when_a_sweep_last_got_through(database: Any, scrape: Any) -> None:
    for limit in (None, 1):
        Store(database).expired(5)
        plan = expiry.expiry_plan(mode=None, now=now())
        expiry.expiry_sweep(plan, limit=limit, progress=lambda _: None, now=now)
    complete = database.sweeps.find_one({"complete": True})["finished_at"]
    assert value(scrape(), "chat_last_sweep_seconds") == int(complete.timestamp())


def test_what_was_counted_is_good_for_a_while_and_for_all(
    database: Any, scrape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(database)
    store.add(5)
    first = scrape()
    store.add(5)
    again = scrape()
    for name in ("chat_sessions", "chat_counted_seconds"):
        labels = {"status": "active"} if name == "chat_sessions" else {}
        assert value(again, name, **labels) == value(first, name, **labels)
    database.figures.update_many({}, {"$set": {"due_at": now() - timedelta(seconds=1)}})
    assert value(scrape(), "chat_sessions", status="active") == 10


def test_of_many_that_ask_at_once_one_counts(
    database: Any, scrape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    in_all = figures.COUNTS["sessions"]

    def slowly(*of: Any) -> int:
        counted.append(1)
        time.sleep(0.3)
        return in_all(*of)

    monkeypatch.setitem(figures.COUNTS, "sessions", slowly)
    with Threads(8) as pool:
        list(pool.map(lambda _: scrape(), range(8)))
    assert len(counted) == 1


def test_it_names_nobody_and_no_session(alice: Person, create: Create, scrape: Any) -> None:
    session_id = create()["session_id"]
    alice.client.get(f"/session/{session_id}")
    alice.client.get(f"/session/{session_id}/nowhere")
    alice.client.get(f"/{session_id}")
    alice.client.generic(session_id[:8], "/session")
    text = Client().get("/metrics").content.decode()
    assert session_id not in text
    assert session_id[:8] not in text
    assert alice.id not in text
    found = samples(text)
    assert value(found, "chat_http_requests_total", route="unmatched", method="GET", status="404")
    assert any(dict(labels).get("method") == "other" for _, labels in found)


@pytest.mark.parametrize(
    ("route", "shown"),
    [
        (r"^session/(?P<session_id>[^/]+)/messages/(?P<seq>[^/]+)/?$",
         "/session/{session_id}/messages/{seq}"),
        (r"^session/?$", "/session"),
        ("", "/"),
        (r"^$", "/"),
        ("admin/accounts/user/<path:object_id>/change/", "/admin/accounts/user/{object_id}/change"),
        (r"admin/(?P<url>.*)$", "/admin/{url}"),
    ],
)  # fmt: skip
def test_a_route_is_shown_as_the_contract_writes_it(route: str, shown: str) -> None:
    assert route_template(route) == shown


def test_without_storage_it_says_so_and_counts_on(
    scrape: Any, monkeypatch: pytest.MonkeyPatch, without_storage: None
) -> None:
    found = scrape()
    assert value(found, "chat_storage_up") == 0
    assert ("chat_sessions", (("status", "active"),)) not in found
    assert value(found, "chat_encoder_available") == float(encoders.available())


@pytest.fixture
def without_storage(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "primary_is_up", lambda _timeout_ms: False)


def test_it_says_what_runs(database: Any, scrape: Any) -> None:
    found = scrape()
    (labels,) = (dict(labels) for name, labels in found if name == "chat_build_info")
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["version"])
    assert value(found, "chat_storage_up") == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_ask(database: Any, address: str) -> None:
    assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "10.0.0.7"},
        {"REMOTE_ADDR": "2001:db8::1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "unix:"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_others_may_not_nor_may_a_proxy_of_this_machine(database: Any, more: Any) -> None:
    response = Client(**more).get("/metrics")
    assert (response.status_code, response.json()) == (403, FOR_THIS_MACHINE)


def test_where_proxies_are_expected_it_takes_a_token(database: Any, settings: Any) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    assert Client().get("/metrics").status_code == 403


def test_with_a_token_it_goes_by_that_alone(database: Any, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    elsewhere = Client(REMOTE_ADDR="10.0.0.7")
    assert (
        elsewhere.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    )
    for given in ({}, {"Authorization": "Bearer é"}, {"Authorization": TOKEN}):
        response = Client().get("/metrics", headers=given)
        assert (response.status_code, response.json()) == (401, NO_TOKEN)
        assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_can_only_be_read(database: Any, method: str) -> None:
    assert getattr(Client(), method)("/metrics").status_code == 405


def test_every_worker_says_the_same(data_dir: Any, serve: Serve) -> None:
    running = serve(WORKERS="2").ready()
    with httpx.Client(base_url=running.url) as http:
        for _ in range(30):
            http.get("/healthz", headers={"Connection": "close"})
    name = "chat_http_requests_total"
    labels = {"route": "/healthz", "method": "GET", "status": "200"}
    seen = set()
    for _ in range(20):
        response = httpx.get(f"{running.url}/metrics")
        assert response.status_code == 200
        found = samples(response.text)
        seen.add((value(found, name, **labels), value(found, "chat_counted_seconds")))
    assert len(seen) == 1, seen
    (said,) = seen
    assert said[0] >= 30
    assert len(list((data_dir / "metrics").glob("counter_*.db"))) == 2
