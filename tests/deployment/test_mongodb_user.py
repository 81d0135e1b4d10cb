"""The MongoDB of compose.yaml: a key file, and a user with the rights of deploy/mongo/set-up.js."""

import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from chatproject.mongod import binary, replica_set
from tests.chatproject.conftest import Service, manage
from tests.deployment.image import ROOT
from tests.waiting import started, wait_until

SCRIPT = (ROOT / "deploy/mongo/set-up.js").read_text()
KEYS = {"SECRET_KEY": "k" * 50, "JWT_SIGNING_KEY": "s" * 50}

pytestmark = pytest.mark.xdist_group("mongodb with authentication")


def roles() -> list[dict[str, str]]:
    """The roles of the service's user, as the script has them."""
    [(role, name)] = re.findall(r'user: "chat".*?\{ role: "(\w+)", db: (\w+) \}', SCRIPT, re.DOTALL)
    [database] = re.findall(rf'const {name} = "(\w+)";', SCRIPT)
    return [{"role": role, "db": database}]


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A set that asks for a password, with the service's user."""
    folder = tmp_path_factory.mktemp("authentication")
    key, port = folder / "key", replica_set.choose_port()
    key.write_text(secrets.token_hex(32))
    key.chmod(0o400)
    (folder / "db").mkdir()
    command = replica_set.arguments(binary.find(), folder / "db", port, cache_gb=0.25)
    with (folder / "log").open("wb") as log, started(
        [*command, "--keyFile", str(key)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
    ):  # fmt: skip
        _make_users(port)
        yield f"mongodb://chat:pw@{replica_set.HOST}:{port}/?replicaSet={replica_set.SET_NAME}"


def _make_users(port: int) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(
        replica_set.HOST, port, directConnection=True, serverSelectionTimeoutMS=60_000
    )
    member = {"_id": 0, "host": f"{replica_set.HOST}:{port}"}
    with client:
        admin = client.admin
        admin.command("replSetInitiate", {"_id": replica_set.SET_NAME, "members": [member]})
        wait_until(lambda: admin.command("hello")["isWritablePrimary"])
        admin.command("createUser", "admin", pwd="pw", roles=["root"])
    with MongoClient(replica_set.HOST, port, username="admin", password="pw") as client:
        client.admin.command("createUser", "chat", pwd="pw", roles=roles())


def test_the_service_and_its_commands_may_do_what_they_need(uri: str, data_dir: Path):
    service = Service(data_dir, MONGODB_URI=uri, **KEYS).ready()
    try:
        body = {"username": "ada", "password": "a long walk home"}
        token = service.post("/auth/register", body)["access"]
        session = service.post("/session/create", {}, token)["session_id"]
        service.post(f"/session/{session}/message", {"role": "user", "content": "hello"}, token)
        service.post(f"/session/{session}/chat", {"content": "and on"}, token)
        assert service.get(f"/session/{session}/context", token).status_code == 200
        assert service.get("/readyz").json()["mongodb"] == "ok"
        for command in (
            ["check_integrity"], ["audit_expiry"], ["ensure_indexes", "--check"],
            ["expire_sessions"], ["rebuild_search", "--only-missing"],
        ):  # fmt: skip
            done = manage(data_dir, *command, MONGODB_URI=uri, **KEYS)
            assert (command, done.returncode) == (command, 0), done.stdout + done.stderr
    finally:
        service.end()


def test_a_wrong_password_is_refused_with_a_sentence(uri: str, data_dir: Path):
    wrong = uri.replace("chat:pw@", "chat:other@")

    service = Service(data_dir, MONGODB_URI=wrong, **KEYS)

    assert service.process.wait(60) == 1
    assert "refused this user" in service.output
    assert "other" not in service.output


def test_without_a_user_nothing_is_read(uri: str, data_dir: Path):
    service = Service(data_dir, MONGODB_URI=uri.replace("chat:pw@", ""), **KEYS)

    assert service.process.wait(60) == 1
    assert "error: " in service.output
