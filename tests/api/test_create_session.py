"""`POST /session/create`."""

import uuid
from datetime import datetime, timedelta

import pytest

from tests.api.bodies import CONTROLS, NO_TOKEN, invalid, path, too_large

DEFAULTS = {
    "title": "",
    "status": "active",
    "message_count": 0,
    "token_count": 0,
    "metadata": {},
    "context_policy": {
        "strategy": "hybrid",
        "max_tokens": 4_000,
        "max_messages": 1_000,
        "on_topic_shift": "adjust",
    },
    "context_start": 1,
    "topic": None,
    "turn_in_progress": False,
    "external_id": None,
    "tags": [],
    "pinned": False,
    "temporary": False,
}


def lifetime(session):
    begun, ends = (datetime.fromisoformat(session[name]) for name in ("updated_at", "expires_at"))
    return ends - begun


def test_it_creates_an_empty_session_with_the_defaults(alice):
    response = alice.client.post("/session/create", {})
    session = response.json()
    own = {name: session.pop(name) for name in ("session_id", "created_at", "updated_at")}
    expires_at = session.pop("expires_at")
    assert response.status_code == 201
    assert session == DEFAULTS | {"user_id": alice.id}
    assert uuid.UUID(own["session_id"]).version == 7
    assert own["created_at"] == own["updated_at"]
    assert lifetime(own | {"expires_at": expires_at}) == timedelta(days=30)


def test_it_needs_no_body(alice):
    response = alice.client.post("/session/create")
    assert response.status_code == 201
    assert response.json()["message_count"] == 0


def test_it_says_where_the_session_is_and_which_version(alice):
    response = alice.client.post("/session/create", {"title": "Lisbon"})
    read = alice.client.get(response["Location"])
    assert response["Location"] == path(response.json())
    assert response["ETag"] == read["ETag"]
    assert read.json() == response.json() | {"messages": [], "has_more": False}


def test_times_are_utc_with_milliseconds(session):
    for name in ("created_at", "updated_at", "expires_at"):
        assert datetime.strptime(session[name], "%Y-%m-%dT%H:%M:%S.%fZ")
        assert len(session[name]) == len("2026-11-22T10:00:00.000Z")


def test_it_takes_every_field(create):
    body = {
        "title": "Lisbon",
        "metadata": {"channel": "web", "empty": ""},
        "context_policy": {
            "strategy": "recent",
            "max_tokens": 64,
            "max_messages": 10_000,
            "on_topic_shift": "keep",
        },
    }
    session = create(**body, ttl_seconds=60)
    assert {name: session[name] for name in body} == body
    assert lifetime(session) == timedelta(seconds=60)


def test_a_policy_in_part_leaves_the_rest_at_the_defaults(create):
    policy = create(context_policy={"max_tokens": 1_000_000})["context_policy"]
    assert policy == DEFAULTS["context_policy"] | {"max_tokens": 1_000_000}


def test_a_timeout_of_zero_is_none(create):
    assert create(ttl_seconds=0)["expires_at"] is None


def test_a_timeout_of_null_is_the_default(create):
    assert lifetime(create(ttl_seconds=None)) == timedelta(days=30)


def test_a_timeout_may_be_a_hundred_years(create):
    assert lifetime(create(ttl_seconds=3_153_600_000)) == timedelta(seconds=3_153_600_000)


def test_without_a_default_timeout_a_session_does_not_expire(create, settings):
    settings.SESSION_TTL_SECONDS = 0
    assert create()["expires_at"] is None


def test_it_seeds_the_history_behind_the_system_prompt(alice, create):
    seeds = [{"content": "Hi"}, {"role": "assistant", "content": "Good day"}]
    session = create(system_prompt="Be brief.", messages=seeds)
    messages = alice.client.get(path(session)).json()["messages"]
    assert [(m["seq"], m["role"], m["content"]) for m in messages] == [
        (1, "system", "Be brief."),
        (2, "user", "Hi"),
        (3, "assistant", "Good day"),
    ]
    assert session["message_count"] == 3
    assert session["token_count"] == sum(m["token_count"] for m in messages) > 0


@pytest.mark.parametrize("prompt", [None, ""])
def test_no_system_prompt_is_no_message(create, prompt):
    assert create(system_prompt=prompt, messages=[])["message_count"] == 0


def test_it_takes_a_thousand_seeds_beside_the_system_prompt(alice, create):
    seeds = [{"content": f"seed {n}"} for n in range(1_000)]
    session = create(system_prompt="Be brief.", messages=seeds)
    results = []
    for after in (0, 500, 1_000):
        page = alice.client.get(path(session, f"messages?after={after}&limit=500")).json()
        results += page["results"]
    assert session["message_count"] == 1_001
    assert [m["seq"] for m in results] == list(range(1, 1_002))
    assert [m["content"] for m in results] == ["Be brief.", *(s["content"] for s in seeds)]


def test_it_refuses_more_than_a_thousand_seeds(alice, stored):
    response = alice.client.post("/session/create", {"messages": [{"content": "x"}] * 1_001})
    detail = "Ensure this field has no more than 1000 elements."
    assert response.status_code == 400
    assert response.json() == invalid("messages", detail, "max_length")
    assert stored()["sessions"] == []


def test_a_wrong_seed_is_named_by_its_place_and_nothing_is_stored(alice, stored):
    seeds = [{"content": "x"}, {"content": "x", "role": "robot"}]
    response = alice.client.post("/session/create", {"messages": seeds})
    detail = "Expected one of: system, user, assistant, tool."
    assert response.status_code == 400
    assert response.json() == invalid("messages.1.role", detail, "invalid_choice")
    assert stored()["sessions"] == []


def test_an_empty_seed_is_named_by_its_place(alice):
    response = alice.client.post("/session/create", {"messages": [{"content": "x"}, {}]})
    assert response.status_code == 400
    assert response.json() == invalid("messages.1.content", "May be empty only beside tool_calls.")


def test_a_seed_over_the_limit_is_named_by_its_place(alice, settings, stored):
    settings.MESSAGE_MAX_CHARS = 10
    seeds = [{"content": "x" * 10}, {"content": "x" * 11}]
    response = alice.client.post("/session/create", {"messages": seeds})
    assert response.status_code == 413
    assert response.json() == too_large("At most 10 characters are allowed.", "messages.1.content")
    assert stored()["sessions"] == []


def test_a_system_prompt_over_the_limit_is_named(alice, stored):
    response = alice.client.post("/session/create", {"system_prompt": "x" * 500_001})
    assert response.status_code == 413
    assert response.json() == too_large("At most 500000 characters are allowed.", "system_prompt")
    assert stored()["sessions"] == []


def test_two_seeds_may_not_share_a_key(alice, stored):
    seeds = [{"content": "a", "client_id": "k"}, {"content": "a", "client_id": "k"}]
    response = alice.client.post("/session/create", {"messages": seeds})
    detail = "Another message of this batch has the same client_id."
    assert response.status_code == 400
    assert response.json() == invalid("messages.1.client_id", detail)
    assert stored()["sessions"] == []


def test_the_key_of_a_seed_holds_for_what_is_appended_later(alice, create):
    session = create(messages=[{"content": "a", "client_id": "k"}])
    response = alice.client.post(path(session, "message"), {"content": "a", "client_id": "k"})
    assert response.status_code == 200
    assert response.json()["seq"] == 1


def test_what_is_not_the_clients_to_set_is_refused_by_name(alice, bob):
    body = {
        "user_id": bob.id, "session_id": "mine", "status": "archived", "message_count": 9,
        "version": 7,
    }  # fmt: skip
    response = alice.client.post("/session/create", body)
    assert response.status_code == 400
    named = {(problem["code"], problem["attr"]) for problem in response.json()["errors"]}
    assert named == {("unknown_parameter", name) for name in body}
    assert alice.client.get("/session").json()["results"] == []


def test_every_session_is_another(create):
    assert len({create(title="same")["session_id"] for _ in range(5)}) == 5


def test_texts_come_back_as_they_were_sent(create, any_text):
    session = create(title=any_text, metadata={any_text: any_text})
    assert (session["title"], session["metadata"]) == (any_text, {any_text: any_text})


@pytest.mark.parametrize("key", ["a.b", "$set", "$ref", ".", "$", "__proto__", "_id"])
def test_metadata_keys_may_be_spelt_like_operators(alice, create, key):
    session = create(metadata={key: '{"$gt": ""}'})
    read = alice.client.get(path(session)).json()
    assert read["metadata"] == session["metadata"] == {key: '{"$gt": ""}'}


@pytest.mark.parametrize(
    "body",
    [
        {"title": "x" * 200},
        {"title": "🦉" * 200},
        {"metadata": {f"{n}": "x" for n in range(16)}},
        {"metadata": {"k" * 64: "v" * 512}},
        {"context_policy": {"max_tokens": 64, "max_messages": 1}},
    ],
)
def test_limits_can_be_reached(create, body):
    name, value = body.popitem()
    session = create(**{name: value})
    assert session[name] == value or session[name].items() >= value.items()


STRING = "Not a valid string."
WHOLE = "A valid integer is required."
PAIRS = "Expected an object whose values are strings."


@pytest.mark.parametrize(
    ("body", "attr", "code", "detail"),
    [
        ({"title": 1}, "title", "invalid", STRING),
        ({"title": None}, "title", "null", "This field may not be null."),
        ({"title": ["x"]}, "title", "invalid", STRING),
        ({"title": {"$gt": ""}}, "title", "invalid", STRING),
        (
            {"title": "x" * 201},
            "title",
            "max_length",
            "Ensure this field has no more than 200 characters.",
        ),
        ({"title": "a\x00b"}, "title", "control_characters", CONTROLS),
        ({"system_prompt": 5}, "system_prompt", "invalid", STRING),
        ({"system_prompt": "\x1b[2J"}, "system_prompt", "control_characters", CONTROLS),
        ({"metadata": "x"}, "metadata", "invalid", PAIRS),
        ({"metadata": []}, "metadata", "invalid", PAIRS),
        ({"metadata": None}, "metadata", "null", "This field may not be null."),
        ({"metadata": {"a": 1}}, "metadata", "invalid", PAIRS),
        ({"metadata": {"a": None}}, "metadata", "invalid", PAIRS),
        ({"metadata": {"a": {"$ref": "x", "$id": "y"}}}, "metadata", "invalid", PAIRS),
        (
            {"metadata": {str(n): "" for n in range(17)}},
            "metadata",
            "keys",
            "At most 16 keys are allowed.",
        ),
        ({"metadata": {"": "x"}}, "metadata", "key_length", "A key has 1 to 64 characters."),
        ({"metadata": {"k" * 65: ""}}, "metadata", "key_length", "A key has 1 to 64 characters."),
        (
            {"metadata": {"k": "v" * 513}},
            "metadata",
            "value_length",
            "A value has at most 512 characters.",
        ),
        ({"metadata": {"a\x00": "b"}}, "metadata", "control_characters", CONTROLS),
        ({"metadata": {"a": "\x7f"}}, "metadata", "control_characters", CONTROLS),
        ({"ttl_seconds": "60"}, "ttl_seconds", "invalid", WHOLE),
        ({"ttl_seconds": 1.0}, "ttl_seconds", "invalid", WHOLE),
        ({"ttl_seconds": True}, "ttl_seconds", "invalid", WHOLE),
        (
            {"ttl_seconds": -1},
            "ttl_seconds",
            "min_value",
            "Ensure this value is greater than or equal to 0.",
        ),
        (
            {"ttl_seconds": 3_153_600_001},
            "ttl_seconds",
            "max_value",
            "Ensure this value is less than or equal to 3153600000.",
        ),
        (
            {"ttl_seconds": 10**30},
            "ttl_seconds",
            "max_value",
            "Ensure this value is less than or equal to 3153600000.",
        ),
        (
            {"context_policy": "hybrid"},
            "context_policy.non_field_errors",
            "invalid",
            "Invalid data. Expected a dictionary, but got str.",
        ),
        (
            {"context_policy": {"strategy": "best"}},
            "context_policy.strategy",
            "invalid_choice",
            "Expected one of: recent, topic, relevant, hybrid.",
        ),
        (
            {"context_policy": {"on_topic_shift": 1}},
            "context_policy.on_topic_shift",
            "invalid_choice",
            "Expected one of: keep, adjust, reset.",
        ),
        (
            {"context_policy": {"max_tokens": 63}},
            "context_policy.max_tokens",
            "min_value",
            "Ensure this value is greater than or equal to 64.",
        ),
        (
            {"context_policy": {"max_tokens": 1_000_001}},
            "context_policy.max_tokens",
            "max_value",
            "Ensure this value is less than or equal to 1000000.",
        ),
        (
            {"context_policy": {"max_messages": 0}},
            "context_policy.max_messages",
            "min_value",
            "Ensure this value is greater than or equal to 1.",
        ),
        (
            {"messages": "hello"},
            "messages",
            "not_a_list",
            'Expected a list of items but got type "str".',
        ),
        (
            {"messages": {"content": "x"}},
            "messages",
            "not_a_list",
            'Expected a list of items but got type "dict".',
        ),
        (
            {"messages": ["hello"]},
            "messages.0.non_field_errors",
            "invalid",
            "Invalid data. Expected a dictionary, but got str.",
        ),
    ],
)
def test_it_refuses_what_is_wrong_and_names_it(alice, stored, body, attr, code, detail):
    response = alice.client.post("/session/create", body)
    assert response.status_code == 400
    assert response.json() == invalid(attr, detail, code)
    assert stored()["sessions"] == []


def test_it_names_every_wrong_field_at_once(alice):
    response = alice.client.post("/session/create", {"title": 1, "ttl_seconds": "x"})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["title", "ttl_seconds"]


def test_it_needs_a_token(anybody, stored, database):
    response = anybody.post("/session/create", {})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert response["WWW-Authenticate"] == "Bearer"
    assert stored()["sessions"] == []
