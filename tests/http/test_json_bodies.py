"""Which bodies and answers are JSON is decided as DRF decides it."""

from typing import Any

import pytest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import FormParser
from rest_framework.renderers import StaticHTMLRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from sessions_app.http.json_bodies import JsonNegotiation, OrjsonRenderer, StrictJSONParser

JSON, PAGES = [OrjsonRenderer()], [StaticHTMLRenderer(), OrjsonRenderer()]
ACCEPTED = [None, "", "*/*", "application/json", "application/json, text/html", "text/html",
            "application/*;q=0.5", "application/json;indent=4", "image/png", "a",
            "*/*;q=0"]  # fmt: skip
TYPES = ["application/json", "application/json; charset=utf-8", "application/json; charset=utf-16",
         "application/x-www-form-urlencoded", "text/plain", "APPLICATION/JSON", ""]  # fmt: skip


def chosen(negotiation: BaseContentNegotiation, request: Request, renderers: list[Any]) -> Any:
    try:
        return negotiation.select_renderer(request, renderers)
    except NotAcceptable:
        return None


@pytest.mark.parametrize("accept", ACCEPTED)
@pytest.mark.parametrize("renderers", [JSON, PAGES], ids=["json", "pages"])
def test_an_answer_is_of_the_kind_that_drf_chooses(accept: str | None, renderers: list[Any]):
    headers = {} if accept is None else {"HTTP_ACCEPT": accept}
    request = Request(APIRequestFactory().get("/", **headers))
    expected = chosen(DefaultContentNegotiation(), request, renderers)
    assert chosen(JsonNegotiation(), request, renderers) == expected


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(
    "parsers",
    [[StrictJSONParser()], [FormParser(), StrictJSONParser()], [FormParser()]],
    ids=["json", "forms and json", "forms"],
)
def test_a_body_is_read_by_the_parser_that_drf_chooses(content_type: str, parsers: list[Any]):
    request = Request(APIRequestFactory().post("/", b"{}", content_type=content_type))
    expected = DefaultContentNegotiation().select_parser(request, parsers)
    assert JsonNegotiation().select_parser(request, parsers) is expected
