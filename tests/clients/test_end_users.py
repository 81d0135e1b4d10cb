"""The client libraries with a service key, for users of an application."""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_sessions_client import AsyncClient, Client, Forbidden

from tests.clients.conftest import Clients, needs_node
from tests.clients.test_library_for_javascript import folder

__all__ = ["folder"]

pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
]
PROGRAM = Path(__file__).parent / "node" / "end_users.mjs"


def test_a_client_speaks_for_a_user_and_for_another(clients: Clients):
    ann, ben = f"ann/ä {uuid.uuid4()}", f"ben:{uuid.uuid4()}"
    with Client(clients.base, api_key=clients.service_key, end_user=ann) as client:
        session = client.create_session(external_id="one")
        client.append_message(session["session_id"], "My dog is called Rufus.")
        other = client.for_end_user(ben)
        others = other.create_session(external_id="one")

        assert (session["user_id"], others["user_id"]) == (ann, ben)
        assert [each["session_id"] for each in other.sessions()] == [others["session_id"]]
        users = {user["id"]: user["session_count"] for user in client.users(page_size=1)}
        assert (users[ann], users[ben]) == (1, 1)
        listed = [each["session_id"] for each in client.user_sessions(ann, page_size=1)]
        assert listed == [session["session_id"]]

        erased = client.erase_user(ann)
        assert erased["erased"]["sessions"] == 1
        assert erased["receipt"]
        assert erased["proof"]
        assert erased["proof"]["left"]["sessions"] == 0
        with pytest.raises(Forbidden) as raised:
            client.create_session()
        assert raised.value.code == "end_user_erased"


def test_an_end_user_is_named_with_a_key_only():
    with pytest.raises(TypeError, match="service key"):
        Client("http://127.0.0.1:1", username="ann", password="x", end_user="ann")


async def used(client: AsyncClient, end_user: str) -> list[str]:
    async with client:
        speaking = client.for_end_user(end_user)
        session = await speaking.create_session()
        return [each["user_id"] async for each in speaking.sessions()] + [session["user_id"]]


def test_the_async_client_does_so_too(clients: Clients):
    import asyncio

    end_user = str(uuid.uuid4())
    client = AsyncClient(clients.base, api_key=clients.service_key)
    assert asyncio.run(used(client, end_user)) == [end_user, end_user]


@needs_node
def test_the_javascript_module_does_so_too(clients: Clients, folder: Path):
    shutil.copy(PROGRAM, folder)
    end_user = f"ann/ä 🦉 {uuid.uuid4()}"
    ran = clients.run("node", "end_users.mjs", clients.service_key, end_user, cwd=folder)
    seen: dict[str, Any] = json.loads(ran)
    assert seen == {
        "user_id": end_user, "others": 0, "listed": True, "sessions": 1, "erased": 1,
        "refused": "end_user_erased",
    }  # fmt: skip


def test_the_gateway_takes_an_id_in_utf_8(clients: Clients):
    end_user = f"日本/{uuid.uuid4()}"
    headers = {
        "Authorization": f"Bearer {clients.service_key}".encode(),
        "X-End-User": end_user.encode(),
    }
    made = httpx.post(f"{clients.base}/session/create", json={}, headers=headers)
    assert (made.status_code, made.json()["user_id"]) == (201, end_user)
    erased = httpx.delete(
        f"{clients.base}/users/{end_user.replace('/', '%2F')}?proof=false",
        headers={"Authorization": f"Bearer {clients.service_key}"},
    )
    assert (erased.status_code, erased.json()["erased"]["sessions"]) == (200, 1)
