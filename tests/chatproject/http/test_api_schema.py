"""`GET /api/schema`: made once, throttled, cached."""

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from chatproject.http import api_schema

ROUTE = "/api/schema"
JSON = "application/vnd.oai.openapi+json"


@pytest.fixture
def made(monkeypatch):
    """How often the description has been made."""
    monkeypatch.setattr(api_schema, "descriptions", {})
    made, get_schema = [], SchemaGenerator.get_schema

    def counted(self, *args, **kwargs):
        made.append(1)
        return get_schema(self, *args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    return made


def test_it_is_made_once_for_all_requests(database, made):
    anybody = APIClient()
    bodies = {
        anybody.get(ROUTE + query).content
        for query in ("", "", "/", "?version=2", "?lang=de", "?format=json", "?x=1")
    }
    assert len(bodies) == 1
    assert made == [1]


def test_each_format_has_its_own_tag(database):
    anybody = APIClient()
    as_yaml = anybody.get(ROUTE)
    as_json = anybody.get(ROUTE, HTTP_ACCEPT=JSON)
    assert as_json["Content-Type"].startswith(JSON)
    assert as_json.json()["openapi"].startswith("3.")
    assert as_yaml["ETag"] != as_json["ETag"]
    assert "Accept" in as_yaml["Vary"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_client_that_has_it_is_told_so(database, form):
    anybody = APIClient()
    etag = anybody.get(ROUTE)["ETag"]
    again = anybody.get(ROUTE, HTTP_IF_NONE_MATCH=form.format(etag))
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Cache-Control"] == "public, max-age=300"


def test_another_tag_gets_it_whole(database):
    response = APIClient().get(ROUTE, HTTP_IF_NONE_MATCH='"other"')
    assert response.status_code == 200
    assert b"openapi" in response.content


def test_it_is_throttled_by_address(database, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"anon": "2/day"}
    anybody = APIClient()
    assert [anybody.get(ROUTE).status_code for _ in range(3)] == [200, 200, 429]
    other = APIClient(REMOTE_ADDR="192.0.2.9")
    assert other.get(ROUTE).status_code == 200
