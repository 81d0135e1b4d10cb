"""Tags and pins of a session, and metadata as a merge patch."""

import json
from typing import Any

import pytest

from sessions_app.domain.records.writing import line
from sessions_app.services.transfer import exporting, importing
from tests.api.bodies import CONTROLS, invalid, path
from tests.conftest import Person

MERGE_PATCH = "application/merge-patch+json"


def merge(person: Person, session: Any, patch: Any, **headers: str) -> Any:
    return person.client.patch(
        path(session), json.dumps(patch), content_type=MERGE_PATCH, headers=headers
    )


def test_a_session_begins_with_its_tags_and_its_pin(alice: Person, create: Any):
    session = create(tags=["travel", "2027"], pinned=True)
    assert (session["tags"], session["pinned"], session["temporary"]) == (
        ["travel", "2027"], True, False,
    )  # fmt: skip
    assert alice.client.get(path(session)).json()["tags"] == ["travel", "2027"]


def test_without_any_it_has_none(create: Any):
    session = create()
    assert (session["tags"], session["pinned"], session["temporary"]) == ([], False, False)


def test_they_are_changed_and_removed(alice: Person, create: Any):
    session = create(tags=["travel"])
    changed = alice.client.patch(path(session), {"tags": ["a", "b", "a"], "pinned": True}).json()
    assert (changed["tags"], changed["pinned"]) == (["a", "b"], True)
    changed = alice.client.patch(path(session), {"tags": [], "pinned": False}).json()
    assert (changed["tags"], changed["pinned"]) == ([], False)


def test_a_change_of_something_else_leaves_them(alice: Person, create: Any):
    session = create(tags=["travel"], pinned=True, metadata={"channel": "web"})
    changed = alice.client.patch(path(session), {"title": "Lisbon"}).json()
    assert (changed["tags"], changed["pinned"]) == (["travel"], True)
    metadata = {"channel": "app"}
    conversation = f"/v1/conversations/{session['session_id']}"
    assert alice.client.post(conversation, {"metadata": metadata}).status_code == 200
    found = alice.client.get(path(session)).json()
    assert (found["tags"], found["pinned"], found["metadata"]) == (["travel"], True, metadata)


@pytest.mark.parametrize(
    ("tags", "detail"),
    [
        ("travel", "Expected a list of texts."),
        ([1], "Expected a list of texts."),
        ([""], "A tag has 1 to 64 characters."),
        (["x" * 65], "A tag has 1 to 64 characters."),
        ([str(n) for n in range(17)], "At most 16 tags are allowed."),
        (["\x00"], CONTROLS),
    ],
    ids=["text", "number", "empty", "long", "many", "control"],
)
def test_it_refuses_tags_that_are_wrong(alice: Person, tags: Any, detail: str):
    response = alice.client.post("/session/create", {"tags": tags})
    assert response.status_code == 400
    assert response.json()["errors"][0] | {"code": ""} == {
        "code": "", "detail": detail, "attr": "tags",
    }  # fmt: skip


def test_a_fork_has_them(alice: Person, create: Any):
    session = create(tags=["travel"], pinned=True, messages=[{"content": "Hi"}])
    fork = alice.client.post(path(session, "fork"), {}).json()
    assert (fork["tags"], fork["pinned"]) == (["travel"], True)


@pytest.mark.mongod("an import's transactions")
def test_an_export_and_its_import_have_them(alice: Person, create: Any, database: Any):
    session = create(tags=["travel"], pinned=True, metadata={"channel": "web"})
    stored = database.sessions.find_one({"_id": session["session_id"]})
    taken = exporting.sessions_export(selection=exporting.Selection(user_id=alice.id))
    records = [json.loads(line(record)) for record in taken]
    assert alice.client.delete(path(session)).status_code == 204
    importing.sessions_import(
        numbered=enumerate(each for each in records if each["type"] not in {"export", "end"}),
        user_id=None,
        dry_run=False,
        progress=lambda _: None,
    )
    again = database.sessions.find_one({"_id": session["session_id"]})
    names = ("tags", "pinned", "metadata")
    assert [again[name] for name in names] == [stored[name] for name in names]


def test_a_merge_patch_merges_metadata(alice: Person, create: Any):
    session = create(metadata={"channel": "web", "plan": "free"})
    changed = merge(alice, session, {"metadata": {"plan": "pro", "channel": None, "new": "x"}})
    assert changed.status_code == 200
    assert changed.json()["metadata"] == {"plan": "pro", "new": "x"}
    assert alice.client.get(path(session)).json()["metadata"] == {"plan": "pro", "new": "x"}


def test_an_ordinary_change_replaces_it(alice: Person, create: Any):
    session = create(metadata={"channel": "web", "plan": "free"})
    changed = alice.client.patch(path(session), {"metadata": {"plan": "pro"}}).json()
    assert changed["metadata"] == {"plan": "pro"}


def test_null_removes_what_it_names(alice: Person, create: Any):
    session = create(title="Lisbon", metadata={"a": "b"}, tags=["x"], pinned=True, ttl_seconds=60)
    gone = {"title": None, "metadata": None, "tags": None, "pinned": None, "ttl_seconds": None}
    changed = merge(alice, session, gone).json()
    assert (changed["title"], changed["metadata"], changed["tags"], changed["pinned"]) == (
        "", {}, [], False,
    )  # fmt: skip


@pytest.mark.mongod("writers at the same moment")
def test_merges_at_once_are_all_there(alice: Person, create: Any, together: Any):
    session = create(metadata={"k": "v"})
    merges = [
        together(merge, alice, session, {"metadata": {f"k{number}": "v"}}) for number in range(6)
    ]
    assert [each.result().status_code for each in merges] == [200] * 6
    assert len(alice.client.get(path(session)).json()["metadata"]) == 7


def test_a_merge_that_makes_too_much_is_refused(alice: Person, create: Any):
    session = create(metadata={str(n): "v" for n in range(16)})
    response = merge(alice, session, {"metadata": {"more": "v"}})
    assert (response.status_code, response.json()) == (
        400, invalid("metadata", "At most 16 keys are allowed."),
    )  # fmt: skip
    assert merge(alice, session, {"metadata": {"more": "v", "0": None}}).status_code == 200


def test_if_match_is_honoured(alice: Person, create: Any):
    session = create()
    assert merge(alice, session, {"title": "x"}, **{"If-Match": '"9"'}).status_code == 412


@pytest.mark.parametrize("patch", [[], "x", {"bogus": 1}, {"metadata": {"a": 1}}, {"user_id": "b"}])
def test_it_refuses_a_patch_that_is_wrong(alice: Person, session: Any, patch: Any):
    assert merge(alice, session, patch).status_code == 400


def test_only_a_change_comes_as_a_merge_patch(alice: Person):
    response = alice.client.generic("POST", "/session/create", b"{}", MERGE_PATCH)
    assert response.status_code == 415
