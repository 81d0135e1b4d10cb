"""The table of errors: what no single endpoint owns."""

import json

import pytest

from tests.api.bodies import NO_TOKEN, UNAVAILABLE, UNKNOWN, not_json, path, too_large
from tests.conftest import error

EMPTY = {"sessions": [], "message_buckets": [], "erased_users": []}

# method, what comes after the session, body
ROUTES = [
    ("post", "/session/create", {"messages": [{"content": "x"}] * 200}),
    ("post", "/session/create", {"title": "x"}),
    ("get", "/session", None),
    ("get", "{}", None),
    ("patch", "{}", {"title": "x"}),
    ("delete", "{}", None),
    ("post", "{}/message", {"content": "x"}),
    ("post", "{}/message", {"content": "x", "client_id": "k"}),
    ("post", "{}/messages", {"messages": [{"content": "x"}]}),
    ("get", "{}/messages", None),
    ("delete", "{}/messages/1", None),
    ("post", "{}/fork", {}),
    ("post", "{}/archive", {}),
    ("post", "{}/restore", {}),
    ("get", "{}/export", None),
]


def send(client, method, route, session, body, **more):
    return getattr(client, method)(route.format(path(session)), body, **more)


def raw(client, route, body, content_type="application/json", **more):
    return client.post(route, data=body, content_type=content_type, **more)


# --- storage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "route", "body"), ROUTES)
def test_without_mongodb_it_is_unavailable_and_nothing_is_half_done(
    alice, session, append, database, use, stored, without_mongodb, method, route, body
):
    append(session)
    before = stored()
    without_mongodb()
    response = send(alice.client, method, route, session, body)
    assert (response.status_code, response.json()) == (503, UNAVAILABLE)
    assert response["Retry-After"] == "2"
    use(database)
    assert stored() == before


def test_when_mongodb_is_back_so_is_the_service(
    alice, session, append, database, use, without_mongodb
):
    without_mongodb()
    assert alice.client.get(path(session)).status_code == 503
    use(database)
    assert append(session)["seq"] == 1


def test_a_fault_of_ours_shows_nothing_of_itself(alice, session, monkeypatch):
    def fail(**_):
        raise RuntimeError("/etc/secret: db.sessions.find({}) password=hunter2")

    monkeypatch.setattr("sessions_app.repository.log.read_newest", fail)
    response = alice.client.get(path(session))
    expected = error("error", "Server Error (500)", kind="server_error")
    # The operator finds the cause in the log, by this.
    expected["request_id"] = response.headers["X-Request-Id"]
    assert (response.status_code, response.json()) == (500, expected)


# --- bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b" ", "Expecting value: line 1 column 2 (char 1)"),
        (b"title=x", "Expecting value: line 1 column 1 (char 0)"),
        (b"{'title': 'x'}", None),
        (b'{"title": "x",}', None),
        (b'{"title": "x"} {}', "Extra data: line 1 column 16 (char 15)"),
        (b'{"title": "a\nb"}', "Invalid control character at: line 1 column 13 (char 12)"),
        (b'{"title": "\\x41"}', None),
        (b'{"title": "\xe9"}', "the body is not UTF-8."),
        (b'{"title": "\xed\xa0\x80"}', "the body is not UTF-8."),
        (b'{"title": "\xc0\x80"}', "the body is not UTF-8."),
        ('{"title": "x"}'.encode("utf-16"), "the body is not UTF-8."),
        ('{"title": "x"}'.encode("utf-16-le"), None),
        (
            b"\xef\xbb\xbf{}",
            "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
        ),
        (b'{"ttl_seconds": NaN}', "NaN is not JSON."),
        (b'{"ttl_seconds": Infinity}', "Infinity is not JSON."),
        (b'{"ttl_seconds": -Infinity}', "-Infinity is not JSON."),
        (b'{"other": [NaN]}', "NaN is not JSON."),
        (b'{"ttl_seconds": ' + b"9" * 5_000 + b"}", "a number has too many digits."),
        (b'{"ttl_seconds": 01}', None),
        (b'{"title": "a", "title": "b"}', "a name stands twice in one object."),
        (b'{"metadata": {"a": "1", "\\u0061": "2"}}', "a name stands twice in one object."),
        (b"[" * 100_000, "nested deeper than 64 levels."),
        (b'{"a":' * 100_000, "nested deeper than 64 levels."),
        (b"[" * 65 + b"]" * 65, "nested deeper than 64 levels."),
        (b'{"other": ' + b"[" * 900 + b"]" * 900 + b"}", "nested deeper than 64 levels."),
        (b'{"title": ' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper than 64 levels."),
    ],
)
def test_a_body_that_is_not_json_is_refused(alice, stored, body, detail):
    response = raw(alice.client, "/session/create", body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "parse_error"
    if detail:
        assert response.json() == not_json(detail)
    assert stored() == EMPTY


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e-400", "123456789012345678901234567890"])
def test_a_number_beyond_bounds_is_refused_where_a_number_is_expected(alice, stored, value):
    response = raw(alice.client, "/session/create", f'{{"ttl_seconds": {value}}}'.encode())
    (problem,) = response.json()["errors"]
    assert (response.status_code, problem["attr"]) == (400, "ttl_seconds")
    assert stored() == EMPTY


@pytest.mark.parametrize(
    ("body", "kind"), [(b"[]", "list"), (b'"x"', "str"), (b"5", "int"), (b"true", "bool")]
)
def test_a_body_must_be_an_object(alice, session, body, kind):
    expected = error(
        "invalid", f"Invalid data. Expected a dictionary, but got {kind}.", "non_field_errors"
    )
    for more in ("message", "messages", "fork"):
        response = raw(alice.client, path(session, more), body)
        assert (response.status_code, response.json()) == (400, expected)


def test_a_body_of_null_is_no_object(alice):
    response = raw(alice.client, "/session/create", b"null")
    expected = error("null", "This field may not be null.", kind="validation_error")
    assert (response.status_code, response.json()) == (400, expected)


def test_a_lone_surrogate_is_refused_and_named(alice, session):
    for name in ("content", "name", "client_id", "role", "tool_call_id"):
        body = json.dumps({"content": "x", name: "a\ud800"}).encode()
        response = raw(alice.client, path(session, "message"), body)
        assert response.status_code == 400
        assert response.json()["errors"][0]["attr"] == name


def test_a_pair_of_surrogates_is_a_character(alice):
    response = raw(alice.client, "/session/create", b'{"title": "\\ud83e\\udd89"}')
    assert (response.status_code, response.json()["title"]) == (201, "🦉")


def test_a_body_at_the_limit_is_read(alice, settings):
    settings.REQUEST_MAX_BYTES = 100
    body = b'{"title": "x"}'.ljust(100)
    assert raw(alice.client, "/session/create", body).status_code == 201


def test_a_body_over_the_limit_is_refused(alice, settings, stored):
    settings.REQUEST_MAX_BYTES = 100
    response = raw(alice.client, "/session/create", b'{"title": "x"}'.ljust(101))
    expected = too_large("The body may have at most 100 bytes.")
    assert (response.status_code, response.json()) == (413, expected)
    assert stored() == EMPTY


def test_the_limit_is_five_megabytes(alice):
    sizes = [5 * 1024 * 1024, 5 * 1024 * 1024 + 1]
    codes = [raw(alice.client, "/session/create", b"{}".ljust(n)).status_code for n in sizes]
    assert codes == [201, 413]


# --- methods, media types, paths --------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "route", "allowed"),
    [
        ("put", "{}", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("post", "{}", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("post", "/session", "GET, DELETE, HEAD, OPTIONS"),
        ("get", "/session/create", "POST, OPTIONS"),
        ("delete", "/session/create", "POST, OPTIONS"),
        ("get", "{}/message", "POST, OPTIONS"),
        ("delete", "{}/messages", "GET, POST, HEAD, OPTIONS"),
        ("get", "{}/fork", "POST, OPTIONS"),
        ("get", "{}/archive", "POST, OPTIONS"),
        ("get", "{}/restore", "POST, OPTIONS"),
    ],
)
def test_another_method_is_not_allowed(alice, session, method, route, allowed):
    response = send(alice.client, method, route, session, None)
    detail = f'Method "{method.upper()}" not allowed.'
    assert (response.status_code, response.json()) == (405, error("method_not_allowed", detail))
    assert response["Allow"] == allowed


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "x"],
)
def test_another_media_type_is_not_supported(alice, content_type, stored):
    response = raw(alice.client, "/session/create", b'{"title": "x"}', content_type)
    detail = f'Unsupported media type "{content_type}" in request.'
    expected = error("unsupported_media_type", detail)
    assert (response.status_code, response.json()) == (415, expected)
    assert stored() == EMPTY


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"],
)
def test_json_may_name_its_charset(alice, content_type):
    body = '{"title": "é"}'.encode()
    response = raw(alice.client, "/session/create", body, content_type)
    assert (response.status_code, response.json()["title"]) == (201, "é")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*"])
def test_what_cannot_be_given_is_not_acceptable(alice, session, accept):
    response = alice.client.get(path(session), headers={"Accept": accept})
    expected = error("not_acceptable", "Could not satisfy the request Accept header.")
    assert (response.status_code, response.json()) == (406, expected)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, */*;q=0.1"])
def test_json_is_given_to_whoever_takes_it(alice, session, accept):
    response = alice.client.get(path(session), headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("route", ["/nowhere", "/session/a/b", "/session//", "/sessions"])
def test_a_path_that_is_no_route_is_not_found(alice, route):
    response = alice.client.get(route)
    assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))


# --- tokens -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "route", "body"), ROUTES)
@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer x", "Bearer \xff"])
def test_no_route_answers_without_a_good_token(
    anybody, stored, database, method, route, body, header
):
    headers = {"Authorization": header} if header else {}
    response = send(anybody, method, route, UNKNOWN, body, headers=headers)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["type"] == "client_error"
    if header is None:
        assert response.json() == NO_TOKEN
    assert stored() == EMPTY


def test_a_token_in_the_query_is_no_token(anybody, alice, session):
    token = alice.client._credentials["HTTP_AUTHORIZATION"].split()[1]
    assert anybody.get(path(session) + f"?access={token}&token={token}").status_code == 401
