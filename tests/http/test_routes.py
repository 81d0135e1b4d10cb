"""What is kept of paths resolves them as Django does."""

import uuid

import pytest
from django.urls import Resolver404, ResolverMatch, resolve
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.http import routes
from sessions_app.http.waiting import Waits, declared

ID, OTHER = "0198c2f0-8f3e-7a31-9d5e-2b6f1c0a4d77", "0198c2f0-8f3e-7a31-9d5e-2b6f1c0a4d78"
NIL = "00000000-0000-0000-0000-000000000000"
PATHS = [
    "/", "/session", "/session/", "/session/create", "/session/search", f"/session/{ID}",
    f"/session/{ID}/", f"/session/{ID}/message", f"/session/{ID}/messages/7",
    f"/session/{ID}/messages/{OTHER}/feedback", f"/session/{ID}/messages/{ID}",
    f"/session/{NIL}", f"/session/{ID}/messages/{NIL}", f"/session/{NIL}/messages/{ID}",
    f"/session/{ID.upper()}/message", f"/session/x{ID}/message", f"/session/{ID}x",
    f"/session/import/{ID}", f"/attachments/{ID}/thumbnail", f"/v1/conversations/conv_{ID}",
    f"/v1/models/{ID}/of/{OTHER}", f"/users/{ID}/{OTHER}/sessions", f"/users/a{ID}b",
    f"/auth/api-keys/{ID}", "/admin/", f"/admin/accounts/user/{ID}/change/",
    f"/auth/links/email/{ID}/{OTHER}/", "/healthz", "/session/ü", f"/session/{ID}\n",
]  # fmt: skip


def told(match: ResolverMatch) -> tuple[object, ...]:
    return match.func, match.args, match.kwargs, match.route, match.url_name, match.view_name


def assert_resolves_alike(path: str) -> None:
    try:
        expected = told(resolve(path))
    except Resolver404:
        with pytest.raises(Resolver404):
            routes.match_of(path)
        return
    # The second time from what is kept.
    assert told(routes.match_of(path)) == expected
    assert told(routes.match_of(path)) == expected


@pytest.mark.parametrize("path", PATHS)
def test_a_path_names_what_it_names_to_django(path: str):
    assert_resolves_alike(path)


segments = st.sampled_from(
    ["session", "message", "messages", "users", "v1", "models", "attachments", "", "a%20b", "7"]
) | st.sampled_from([ID, OTHER, NIL, ID.upper(), f"conv_{ID}", f"{ID}-", f"{ID}\n"])


@given(st.lists(segments, max_size=6))
def test_any_path_does(parts: list[str]):
    assert_resolves_alike("/" + "/".join(parts))


def test_sessions_share_what_is_kept():
    routes.match_of_shape.cache_clear()
    for _ in range(20):
        session_id = str(uuid.uuid4())
        assert routes.match_of(f"/session/{session_id}/message").kwargs == {
            "session_id": session_id
        }
    assert routes.match_of_shape.cache_info().currsize == 1


def test_what_one_request_does_to_its_match_no_other_sees():
    routes.match_of(f"/session/{ID}").kwargs["session_id"] = "changed"
    assert routes.match_of(f"/session/{ID}").kwargs == {"session_id": ID}
    assert routes.match_of("/session").kwargs == {}


def test_what_a_path_waits_for_is_that_of_its_shape():
    assert declared(f"/session/{ID}/chat", "POST") is declared(f"/session/{OTHER}/chat", "POST")
    assert declared(f"/session/{ID}/chat", "POST").waits is Waits.FOR_A_MODEL
    assert declared(f"/session/{ID}/nope", "POST").route is None
