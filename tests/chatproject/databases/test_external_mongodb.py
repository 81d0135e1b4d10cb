"""The check of `MONGODB_URI`."""

import signal

import pytest

from chatproject.databases import external_mongodb
from chatproject.service_error import ServiceError
from tests.chatproject.conftest import living

ADDRESS = "mongodb://user:secret@db.example:27017/?replicaSet=rs0"


@pytest.fixture
def answers(monkeypatch):
    def answer(hello, version):
        monkeypatch.setattr(external_mongodb, "_ask", lambda _uri: (hello, version))

    return answer


@pytest.mark.parametrize("hello", [{"setName": "rs0"}, {"msg": "isdbgrid"}])
@pytest.mark.parametrize("version", [(4, 4), (8, 0)])
def test_a_replica_set_or_a_mongos_is_taken(answers, hello, version):
    answers(hello, version)
    external_mongodb.check(ADDRESS)


def test_a_real_replica_set_is_taken(mongod_uri):
    external_mongodb.check(mongod_uri)


def test_an_old_version_is_refused(answers):
    answers({"setName": "rs0"}, (4, 2))
    with pytest.raises(ServiceError, match=r"db\.example:27017 has version 4\.2; 4\.4 or newer"):
        external_mongodb.check(ADDRESS)


def test_silence_is_said_without_the_password(monkeypatch):
    monkeypatch.setattr(external_mongodb, "WAIT_SECONDS", 0.1)
    with pytest.raises(ServiceError, match=r"no primary of MongoDB at 127\.0\.0\.1:1") as failure:
        external_mongodb.check("mongodb://user:secret@127.0.0.1:1/")
    assert "secret" not in str(failure.value)


def test_a_service_with_a_mongodb_elsewhere_starts_none(serve, data_dir, mongod_uri):
    keys = {"SECRET_KEY": "k" * 50, "JWT_SIGNING_KEY": "k" * 50}
    service = serve(MONGODB_URI=mongod_uri, MONGODB_DATABASE="test_external", **keys).ready()
    assert service.get("/readyz").json()["mongodb"] == "ok"
    assert not (data_dir / "mongo").exists()
    assert not (data_dir / "keys.json").exists()
    assert service.end(signal.SIGINT) == 0
    assert living(data_dir) == {}
