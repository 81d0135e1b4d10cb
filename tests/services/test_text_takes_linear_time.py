"""What computes on text that users write takes time that grows with its length, not its square.

Processor time is compared, not measured: eight times the text may take 8 times the time, and 24 are
allowed, while quadratic time is 64 times. Each text repeats what makes a careless function slow.
"""

import gc
import io
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from accounts import usernames
from chatproject.logs import log_format
from sessions_app import tokenizer
from sessions_app.domain.attachments import checked_name
from sessions_app.domain.dialect import arguments, naming, refusals, unwrapping
from sessions_app.domain.errors import BadAttachmentName
from sessions_app.domain.foreign import citations, files, open_webui
from sessions_app.domain.relevance import ranking, terms
from sessions_app.domain.search import query as search_query
from sessions_app.domain.search import text as search_text
from sessions_app.domain.sessions import names as session_names
from sessions_app.domain.sessions import titles
from sessions_app.domain.texts import display, folding
from sessions_app.domain.texts import text as stored_text
from sessions_app.domain.topics import text as topics_text
from sessions_app.openai_api import parts
from sessions_app.providers import demo, demo_answers
from sessions_app.services.review import masking
from sessions_app.sources import json_text

SHORT, LONG = 4_000, 32_000
MOST = 3 * LONG // SHORT
# Below this, the clock and the interpreter weigh more than the text.
FLOOR_SECONDS = 0.001

said = demo.DemoReply([], len, max_tokens=None, waits=(0, 0))
DETAILS = '<details type="reasoning" done="true">'


def name_of_file(text: str) -> None:
    with suppress(BadAttachmentName):
        checked_name(text)


QUERY = search_query.parse('"alpha beta" gam')

FUNCTIONS: dict[str, Callable[[str], object]] = {
    "bounded": folding.bounded,
    "fold": search_text.fold,
    "terms": search_text.terms,
    "snippet": lambda text: search_text.snippet(text, QUERY.patterns[0]),
    "parse": search_query.parse,
    "patterns": lambda text: [pattern.search(text) for pattern in QUERY.patterns],
    "matches": QUERY.matches,
    "title": lambda text: titles.title_of([text]),
    "title in an answer": titles.title_in_answer,
    "reading of a topic": topics_text.read,
    "words": terms.words,
    "names": lambda text: ranking.without_names(text, frozenset({"Ann", "A A A"})),
    "unwrapped": unwrapping.unwrapped,
    "without thoughts": unwrapping.without_thoughts,
    "arguments": arguments.as_object,
    "name of a tool": naming.fitting_name,
    "masked": masking.masked,
    "inert": stored_text.inert,
    "visible": stored_text.is_visible,
    "username": usernames.key,
    "isolated": display.isolated,
    "harmless": display.harmless,
    "cell": display.cell,
    "pieces of the demo": lambda text: list(said.pieces(text)),
    "data address": lambda text: parts._DATA_URL.fullmatch(f"data:{text}"),
    "line of the log": log_format.masked,
    "words of a server": lambda text: refusals.refusal_of(400, {"message": text}),
    "external id": session_names.is_external_id,
    "name of a file": lambda text: name_of_file(text),
    "name of a file of an import": files.file_name,
    "address in an import": lambda text: files.of_url(f"data:{text}", kind="file"),
    "marker of a citation": lambda text: citations.resolved(
        text, {}, changed=Counter(), left=Counter()
    ),
    "marker that goes on": lambda text: citations.resolved(
        f"\ue200cite\ue202{text}", {}, changed=Counter(), left=Counter()
    ),
    "details of Open WebUI": lambda text: open_webui.read_conversation(
        {"chat": {"models": [], "messages": [{"role": "assistant", "content": text}]}}
    ),
    "opened details": lambda text: open_webui.read_conversation(
        {"chat": {"models": [], "messages": [{"role": "assistant", "content": DETAILS + text}]}}
    ),
    "JSON of an import": lambda text: list(
        json_text.values(io.BytesIO(f"[{text}".encode()), lambda _: None)
    ),
    "demo": lambda text: demo_answers.answer([{"role": "user", "content": text}]),
    "tokens": tokenizer.count_tokens,
}

UNITS = {
    "marks": "\u0323\u0301\u0327\u0302",
    "marks of one class": "\u0301",
    "voiced marks": "\u3099",
    "ligatures": "\ufdfa",
    "jamo": "\u1161",
    "virama": "\u094d",
    "letters": "a",
    "capitals": "A ",
    "digits": "1",
    "spaced digits": "1 ",
    "signs of numbers": "-+(",
    "spaces": " ",
    "lines": "a \n",
    "empty lines": "\n",
    "brackets": "[",
    "links": "[](",
    "calls": "a( )",
    "objects": "{} ",
    "braces": "{",
    "quotation marks": '"',
    "fences": "```\n",
    "thoughts": "<think></think>",
    "ends of thoughts": "</think>",
    "addresses": "http://",
    "e-mail": "a.a@",
    "polite words": "sure! here is ",
    "errors": "Error ",
    "words": "alpha  beta ",
    "joiners": "\U0001f468\u200d",
    "Han": "中",
    "underscores": "_",
    "commas": ", ",
    "semicolons": ";",
    "beginnings of tokens": "eyJ",
    "directions": "\u202e",
    "details": DETAILS,
    "ends of details": "</details>",
    "cited": "\ue200cite\ue202",
    "old citations": "【4†",
    "type of data": ";a",
    "slashes": "/",
}


def cost(function: Callable[[str], object], text: str) -> float:
    """The processor time of a call; the least of three, as other processes disturb it.

    Without the collection of garbage, whose time is that of what other tests have left.
    """
    costs = []
    gc.disable()
    try:
        for _ in range(3):
            started = time.thread_time()
            function(text)
            costs.append(time.thread_time() - started)
            if costs[-1] > 1:
                break
    finally:
        gc.enable()
    return min(costs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_length_of_the_text(name: str):
    function = FUNCTIONS[name]
    slow = {}
    for unit, signs in UNITS.items():
        for around in ("{}", "```\n{}\n!", "x {} y"):
            short, long = (
                around.format(signs * (length // len(signs))) for length in (SHORT, LONG)
            )
            long_cost = cost(function, long)
            # Only what takes long at all needs a comparison.
            if long_cost > MOST * FLOOR_SECONDS:
                short_cost = max(cost(function, short), FLOOR_SECONDS)
                if long_cost > MOST * short_cost:
                    slow[unit, around] = long_cost / short_cost
    assert slow == {}
