"""The client that `openapi-python-client` makes of /api/schema: lists, reads, chats, streams."""

import json
import os
import sys

from generated import AuthenticatedClient
from generated.api.session import chat_create, session_create, session_list, session_retrieve
from generated.models import (
    ChatInput,
    SessionInput,
    SessionOutput,
    SessionPageOutput,
    SessionWithMessages,
    TurnOutput,
)
from generated.types import UNSET


def text_of(turn: TurnOutput) -> str:
    message = turn.assistant_message
    assert message is not None
    return message.content


def streamed(client: AuthenticatedClient, session_id: str, content: str) -> str:
    """The words of a streamed reply: the generated body over the generated client's connection."""
    body = ChatInput(content=content, stream=True).to_dict()
    words = ""
    path = f"/session/{session_id}/chat"
    with client.get_httpx_client().stream("POST", path, json=body) as response:
        response.raise_for_status()
        event = ""
        for line in response.iter_lines():
            name, _, rest = line.partition(": ")
            if name == "event":
                event = rest
            elif name == "data" and event == "delta":
                words += json.loads(rest)["text"]
    return words


def main() -> None:
    key = os.environ["CHAT_KEY"]
    client = AuthenticatedClient(os.environ["BASE"], token=key, raise_on_unexpected_status=True)
    created = session_create.sync(client=client, body=SessionInput(title="typed", tags=["typed"]))
    assert isinstance(created, SessionOutput)
    session_id = str(created.session_id)
    asked = ChatInput(content="My dog is called Rufus.")
    turn = chat_create.sync(session_id, client=client, body=asked)
    assert isinstance(turn, TurnOutput)
    told = streamed(client, session_id, "What is my dog called?")
    page = session_list.sync(client=client, tag="typed")
    assert isinstance(page, SessionPageOutput)
    read = session_retrieve.sync(session_id, client=client)
    assert isinstance(read, SessionWithMessages)
    sys.stdout.write(
        json.dumps(
            {
                "listed": [session.title for session in page.results],
                "read": [message.role for message in read.messages],
                "said": text_of(turn),
                "streamed": told,
                "unset": read.messages[0].reasoning is UNSET,
            }
        )
    )


main()
