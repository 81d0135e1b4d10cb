"""Addresses where nothing is: a page for people, a body of the API for programs."""

import pytest
from django.test import Client

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/nope", "/nope/deeper/", "/session/a/b/c/d", "/auth/nope"])
def test_a_browser_gets_a_page_that_leads_on(path: str) -> None:
    response = Client().get(path, headers={"accept": BROWSER})

    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"Page not found" in response.content
    assert b'href="/"' in response.content
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_a_program_gets_the_body_of_the_api(accept: str) -> None:
    response = Client().get("/nope", headers={"accept": accept})

    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"


def test_the_openai_wire_answers_everybody_in_its_own_form() -> None:
    response = Client().get("/v1/nope", headers={"accept": BROWSER})

    assert response.json()["error"]["code"] == "unknown_url"


def test_staff_get_a_page_of_the_admins(admin_client: Client) -> None:
    response = admin_client.get("/admin/nope/", headers={"accept": BROWSER})

    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b'href="/admin/"' in response.content


def test_the_icon_is_found_where_browsers_look_for_it() -> None:
    response = Client().get("/favicon.ico")

    assert response.status_code == 302
    assert response["Location"].endswith(".svg")


@pytest.mark.parametrize("path", ["/admin/login/", "/api/docs"])
def test_every_page_names_its_icon(path: str) -> None:
    response = Client().get(path, headers={"accept": BROWSER})

    assert b'rel="icon"' in response.content


def test_a_form_without_its_token_gets_a_page_that_says_what_to_do() -> None:
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/admin/login/", {"username": "a", "password": "b"})

    assert (response.status_code, response["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert b"Load the page again" in response.content
    assert b'href="/admin/"' in response.content


def test_the_page_has_the_colours_and_the_type_of_the_chat_page() -> None:
    response = Client().get("/nope", headers={"accept": BROWSER})

    assert b"chat/style/palette" in response.content
