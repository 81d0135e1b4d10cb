"""What each client in Python is put through; `tests/clients/test_features.py` looks at what came.

A program of a client gives `run` its way of asking, and is run with the client's name.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

Ask = Callable[..., str]
Respond = Callable[..., tuple[str, str]]


def run(ask: Ask) -> None:
    """`ask(messages, headers=…, user=…, stream=…)` returns the reply's text."""
    name = sys.argv[1]
    named = {"X-Session-Id": f"{name}-streamed", "X-Session-Create": "1"}
    ask([_user("My dog is called Rufus.")], headers=named, user=None, stream=True)
    _history(ask, headers=named | {"X-Session-Id": f"{name}-history"}, user=None)
    for _ in range(2):
        new = {"X-Session-Id": "new"}
        ask([_user(f"New for {name}.")], headers=new, user=None, stream=False)
    _history(ask, headers={}, user=f"user-of-{name}")


def _history(ask: Ask, **how: Any) -> None:
    """Two questions as a client asks that holds the conversation itself."""
    messages = [_user("My dog is called Rufus.")]
    messages.append({"role": "assistant", "content": ask(messages, stream=False, **how)})
    messages.append(_user("What is my dog called?"))
    ask(messages, stream=True, **how)


def run_responses(respond: Respond) -> None:
    """`respond(text, stream=…, previous=…, conversation=…)` returns the text and its response's id.

    A chain of two, then two in the conversation that the environment names.
    """
    told, asked = f"I am {sys.argv[1]}, and my dog is called Rufus.", "What is my dog called?"
    _, first = respond(told, stream=False, previous=None, conversation=None)
    respond(asked, stream=True, previous=first, conversation=None)
    conversation = os.environ["CONVERSATION"]
    respond(told, stream=True, previous=None, conversation=conversation)
    respond(asked, stream=False, previous=None, conversation=conversation)


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}
