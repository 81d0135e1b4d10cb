"""Input made to break things: nothing may answer 5xx, and nothing refused may be stored."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.bodies import NO_SESSION, path

IDS = [
    "x",
    "x" * 10_000,
    "\x00",
    "a\x00b",
    "\n",
    "🦉",
    "null",
    "undefined",
    "..",
    ".",
    "%2e%2e",
    "*",
    "$ne",
    '{"$gt":""}',
    "[$ne]",
    "' OR 1=1 --",
    "<script>",
    "\u202e",
    "01932C07-8A3E-7D52-B1C4-5F0E6A9D2B31",
    "{01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31}",
    "00000000-0000-0000-0000-000000000000",
    "-1",
    "1e9",
    "conv_01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31",
]
ROUTES = [
    ("get", "", None),
    ("patch", "", {"title": "x"}),
    ("delete", "", None),
    ("post", "/message", {"content": "x", "client_id": "k"}),
    ("post", "/messages", {"messages": [{"content": "x"}]}),
    ("get", "/messages", None),
    ("delete", "/messages/1", None),
    ("post", "/fork", {}),
    ("post", "/archive", None),
    ("post", "/restore", None),
    ("get", "/export", None),
]


@pytest.mark.parametrize("session_id", IDS, ids=range(len(IDS)))
def test_an_odd_id_is_one_that_is_not_there(alice, session, stored, session_id):
    before = stored()
    for method, more, body in ROUTES:
        response = getattr(alice.client, method)(
            f"/session/{quote(session_id, safe='')}{more}", body
        )
        assert (response.status_code, response.json()) == (404, NO_SESSION)
    assert stored() == before


@pytest.mark.parametrize(
    "tail", ["%2F", "%2Fmessage", "%2F..%2F", "%252F", "%00", "%0A", "%20", "%ff"]
)
def test_an_id_with_something_behind_it_is_another(alice, bob, session, tail):
    url = path(session) + tail
    assert alice.client.get(url).status_code in {200, 404, 405}
    assert bob.client.get(url).status_code in {404, 405}


def test_an_id_in_capitals_is_another(alice, session):
    response = alice.client.get(path(session["session_id"].upper()))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


@pytest.mark.parametrize(
    "query",
    [
        "?limit[$gt]=1",
        "?after[]=1",
        "?%00=%00",
        "?limit=1&limit=2",
        "?" + "&".join(f"a{n}=1" for n in range(500)),
        "?q=%ff%fe",
        "?format=html",
        "?;;;&&&===",
    ],
)
def test_an_odd_query_is_refused_by_name(alice, session, query):
    for route in ("/session", path(session), path(session, "messages")):
        response = alice.client.get(route + query)
        assert response.status_code == 400
        codes = {problem["code"] for problem in response.json()["errors"]}
        assert codes <= {"unknown_parameter", "repeated_parameter"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Http-Method-Override", "DELETE"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-User-Id", "admin"),
        ("Accept", "a" * 10_000),
        ("If-Match", '"' * 5_000),
        ("If-None-Match", "*"),
        ("Range", "bytes=0-1"),
        ("Content-Encoding", "gzip"),
        ("Accept-Charset", "utf-7"),
    ],
)
def test_odd_headers_harm_nothing(alice, session, name, value):
    response = alice.client.get(path(session), headers={name: value})
    assert response.status_code in {200, 406}
    assert alice.client.get(path(session)).status_code == 200


def test_a_host_that_is_not_ours_is_refused(alice, session):
    response = alice.client.get(path(session), headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert b"evil" not in response.content


def test_many_problems_are_all_named_in_bounds(alice):
    body = {"messages": [{"role": "x" * 1_000, "content": 5, "name": []}] * 100}
    response = alice.client.post("/session/create", body)
    assert response.status_code == 400
    assert len(response.json()["errors"]) == 300
    assert b"xxx" not in response.content


def test_what_was_sent_is_not_repeated_in_an_error(alice, session):
    secret = "hunter2" * 10
    bodies = [
        {"role": secret, "content": "x"},
        {"content": {secret: secret}},
        {"content": "x", "metadata": {secret: [secret]}},
        {"content": "x", "tool_calls": secret},
    ]
    for body in bodies:
        response = alice.client.post(path(session, "message"), body)
        assert response.status_code == 400
        assert b"hunter2" not in response.content


# --- fuzz -------------------------------------------------------------------------------------

TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["", "\x00", "\ud800", "$gt", "a.b", "user", "assistant", "hybrid", "k" * 129, "🦉" * 65]
)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.sampled_from([0, 1, 60, 64, 2**31, 2**63 - 1, 2**63, 2**64])
    | TEXT
)
ANY = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=5,
)


def mostly(good):
    """What is asked for, or anything at all."""
    return st.one_of(good, good, good, ANY)


WORDS = mostly(st.text("abc é🦉\n", min_size=1, max_size=30))
METADATA = mostly(st.dictionaries(TEXT, WORDS, max_size=3))
CALL = st.fixed_dictionaries({"id": WORDS, "type": WORDS}, optional={"function": ANY, "x.$y": ANY})
MESSAGE = mostly(
    st.fixed_dictionaries(
        {"content": WORDS},
        optional={
            "role": mostly(st.sampled_from(["system", "user", "assistant", "tool"])),
            "client_id": WORDS,
            "name": WORDS,
            "tool_calls": mostly(st.lists(CALL, min_size=1, max_size=3)),
            "tool_call_id": WORDS,
            "metadata": METADATA,
            "seq": ANY,
        },
    )
)
POLICY = mostly(
    st.fixed_dictionaries(
        {},
        optional={
            "strategy": mostly(st.sampled_from(["recent", "topic", "relevant", "hybrid"])),
            "max_tokens": mostly(st.integers(64, 1_000_000)),
            "max_messages": mostly(st.integers(1, 10_000)),
            "on_topic_shift": mostly(st.sampled_from(["keep", "adjust", "reset"])),
        },
    )
)
CHANGES = {
    "title": WORDS,
    "metadata": METADATA,
    "ttl_seconds": mostly(st.integers(0, 10**9)),
    "context_policy": POLICY,
}
SEEDS = mostly(st.lists(MESSAGE, max_size=4))
BODIES = {
    "/session/create": st.fixed_dictionaries(
        {}, optional=CHANGES | {"system_prompt": WORDS, "messages": SEEDS}
    ),
    "{}/message": MESSAGE,
    "{}/messages": st.fixed_dictionaries({}, optional={"messages": SEEDS}),
    "{}/fork": st.fixed_dictionaries({}, optional={"up_to_seq": ANY, "title": WORDS}),
}
FUZZ = settings(
    max_examples=settings.default.max_examples // 2,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(alice, stored, method, route, body):
    before = stored()
    response = getattr(alice.client, method)(
        route, data=json.dumps(body), content_type="application/json"
    )
    assert response.status_code < 500, (route, body)
    if response.status_code >= 400:
        assert response.status_code in {400, 413, 422}
        assert {"type", "errors"} == response.json().keys()
        assert stored() == before
    return response


@pytest.mark.parametrize("route", BODIES)
def test_no_posted_body_breaks_it(alice, session, stored, route):
    @FUZZ
    @given(BODIES[route] | ANY)
    def fuzz(body):
        check(alice, stored, "post", route.format(path(session)), body)

    fuzz()
    assert alice.client.get(path(session)).status_code == 200


def test_no_change_breaks_it(alice, session, stored):
    @FUZZ
    @given(st.fixed_dictionaries({}, optional=CHANGES) | ANY)
    def fuzz(body):
        check(alice, stored, "patch", path(session), body)

    fuzz()


def test_a_message_that_is_taken_is_given_back_as_it_was(alice, create, stored):
    @FUZZ
    @given(MESSAGE)
    def fuzz(body):
        session = create()
        response = check(alice, stored, "post", path(session, "message"), body)
        if response.status_code == 201:
            (read,) = alice.client.get(path(session)).json()["messages"]
            assert read == response.json()
            sent = {n: v for n, v in body.items() if n in read and n != "seq" and v is not None}
            assert json.dumps({n: read[n] for n in sent}) == json.dumps(sent)

    fuzz()


@pytest.mark.parametrize("name", ["limit", "after", "before", "cursor", "status", "format"])
def test_no_query_breaks_it(alice, session, name):
    @FUZZ
    @given(st.text(st.characters(exclude_categories=["Cs"])) | st.integers().map(str))
    def fuzz(value):
        for route in ("/session", path(session), path(session, "messages")):
            response = alice.client.get(f"{route}?{name}={quote(value, safe='')}")
            assert response.status_code in {200, 400}

    fuzz()


@pytest.mark.parametrize("name", ["If-Match", "Idempotency-Key", "Accept", "Authorization"])
def test_no_header_breaks_it(alice, session, name):
    @FUZZ
    @given(st.text(st.characters(max_codepoint=255)))
    def fuzz(value):
        for method in (alice.client.patch, alice.client.post):
            route = path(session) if method == alice.client.patch else path(session, "message")
            response = method(route, {"title": "x", "content": "x"}, headers={name: value})
            assert response.status_code < 500

    fuzz()


def test_no_bytes_break_it(alice, stored):
    @FUZZ
    @given(st.binary(max_size=200))
    def fuzz(body):
        response = alice.client.post("/session/create", data=body, content_type="application/json")
        assert response.status_code in ({201} if not body else {201, 400})

    fuzz()
    assert all(session["message_count"] == 0 for session in stored()["sessions"])
