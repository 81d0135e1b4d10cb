"""`POST /session/create` under an id of the client's own."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sessions_app.services import privacy
from tests.api.bodies import EXPIRED, invalid, path
from tests.conftest import Person
from tests.waiting import Threads


def exported_records(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "exported.jsonl"
    file.unlink(missing_ok=True)
    call_command("export_sessions", "--output", str(file), stdout=io.StringIO())
    return [json.loads(line) for line in file.read_text().splitlines()]


def create(person: Person, **body: Any) -> Any:
    return person.client.post("/session/create", {"external_id": "trip-42", **body})


def test_it_is_kept_and_shown(alice: Person):
    made = create(alice, title="Lisbon", messages=[{"content": "Hi"}])
    assert made.status_code == 201
    assert made.json()["external_id"] == "trip-42"
    assert alice.client.get(path(made.json())).json()["external_id"] == "trip-42"
    [listed] = alice.client.get("/session").json()["results"]
    assert listed["external_id"] == "trip-42"


def test_a_second_one_is_answered_with_the_session_that_is_there(alice: Person):
    first = create(alice, title="Lisbon")
    again = create(alice, title="Porto", messages=[{"content": "Hi"}])
    assert again.status_code == 200
    assert again.json() == first.json()


def test_owners_do_not_meet(alice: Person, bob: Person):
    made, other = create(alice), create(bob)
    assert (made.status_code, other.status_code) == (201, 201)
    assert made.json()["session_id"] != other.json()["session_id"]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a\n", "~a", "$a"])
def test_what_is_no_id_is_refused(alice: Person, name: str):
    response = create(alice, external_id=name)
    assert response.status_code == 400
    [problem] = response.json()["errors"]
    assert problem["attr"] == "external_id"


def test_one_that_is_too_long_is_refused(alice: Person):
    response = create(alice, external_id="x" * 129)
    assert response.status_code == 400
    assert create(alice, external_id="x" * 128).status_code == 201


@pytest.mark.parametrize("name", ["new", "none"])
def test_a_word_that_requests_use_is_refused(alice: Person, name: str):
    response = create(alice, external_id=name)
    assert (response.status_code, response.json()) == (
        400,
        invalid("external_id", f"'{name}' is kept for requests that name no session."),
    )


def test_null_is_none(alice: Person):
    for _ in range(2):
        made = create(alice, external_id=None)
        assert (made.status_code, made.json()["external_id"]) == (201, None)


@pytest.mark.mongod("writers at the same moment")
def test_twenty_at_once_make_one_session(alice: Person, database: Any):
    with Threads(20) as pool:
        answers = list(pool.map(lambda at: create(alice, title=str(at)), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert database.sessions.count_documents({}) == 1


def test_one_that_is_refused_leaves_no_name(alice: Person, database: Any):
    assert create(alice, messages=[{"content": ""}]).status_code == 400
    assert database.session_names.count_documents({}) == 0


def test_one_that_has_expired_is_a_410(alice: Person, expire: Any):
    expire(create(alice).json())
    response = create(alice)
    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_a_fork_has_none(alice: Person):
    made = create(alice, messages=[{"content": "Hi"}]).json()
    fork = alice.client.post(path(made, "fork"), {})
    assert (fork.status_code, fork.json()["external_id"]) == (201, None)


def test_it_goes_with_its_session(alice: Person, database: Any):
    alice.client.delete(path(create(alice).json()))
    assert database.session_names.count_documents({}) == 0
    assert create(alice).status_code == 201


def test_it_goes_with_its_owner(alice: Person, database: Any):
    create(alice)
    privacy.erase_user(user_id=alice.id, now=timezone.now())
    assert database.session_names.count_documents({}) == 0


def test_exports_have_it(alice: Person, tmp_path: Path):
    made = create(alice).json()
    exported = alice.client.get(path(made, "export"))
    assert json.loads(exported.getvalue())["external_id"] == "trip-42"
    records = exported_records(tmp_path)
    assert [each.get("external_id") for each in records if each["type"] == "session"] == ["trip-42"]


def imported(records: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in records))
    call_command("import_sessions", str(file), stdout=io.StringIO())


def test_an_import_brings_it_back(alice: Person, database: Any, tmp_path: Path):
    made = create(alice).json()
    records = exported_records(tmp_path)
    alice.client.delete(path(made))
    imported(records, tmp_path)
    again = create(alice)
    assert (again.status_code, again.json()["session_id"]) == (200, made["session_id"])
    assert exported_records(tmp_path) == records


def test_an_import_leaves_out_one_that_is_taken(alice: Person, tmp_path: Path):
    first = create(alice).json()
    records = exported_records(tmp_path)
    alice.client.delete(path(first))
    second = create(alice).json()
    imported(records, tmp_path)
    assert alice.client.get(path(first)).json()["external_id"] is None
    assert create(alice).json()["session_id"] == second["session_id"]


def test_an_import_refuses_what_is_no_id(alice: Person, tmp_path: Path):
    create(alice)
    records = [each | ({"external_id": "a/b"} if "external_id" in each else {})
               for each in exported_records(tmp_path)]  # fmt: skip
    with pytest.raises((CommandError, SystemExit)):
        imported(records, tmp_path)


def test_a_key_that_cannot_be_one_is_refused_though_the_id_makes_it_needless(alice: Person):
    headers = {"Idempotency-Key": "k" * 129}
    refused = alice.client.post("/session/create", {"external_id": "trip-42"}, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["attr"] == "client_id"
    assert create(alice).status_code == 201
