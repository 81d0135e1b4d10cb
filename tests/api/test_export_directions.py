"""`GET /session/{id}/export?format=markdown`: titles and names do not turn around their lines."""

from tests.api.bodies import path

RLO = "\u202e"


def test_titles_and_names_are_isolated(alice, create, append):
    session = create(title=f"invoice {RLO}fdp.exe")
    append(session, "Hi", role="user", name=f"Ann{RLO}")
    response = alice.client.get(f"{path(session)}/export?format=markdown")
    exported = b"".join(response.streaming_content).decode()
    assert exported.startswith(f"# \u2068invoice {RLO}fdp.exe\u2069\n")
    assert f"## 1. User (\u2068Ann{RLO}\u2069), " in exported


def test_json_has_them_as_they_are(alice, create):
    session = create(title=f"invoice {RLO}fdp.exe")
    assert alice.client.get(path(session)).json()["title"] == f"invoice {RLO}fdp.exe"
