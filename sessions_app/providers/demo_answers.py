"""What the demo says: it finds the earlier message that is about the newest, and quotes it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.domain.relevance import rank, words
from sessions_app.domain.window import WindowMessage
from sessions_app.providers import Messages

NOTICE = "I am the built-in demo: no model is connected, so I can only look things up in this chat."
_SHORT_NOTICE = "(This is the built-in demo; no model is connected.)"
QUOTE_MAX_CHARS = 280
# Words that say nothing of what is asked for; beside these the domain's own stop words count.
_ASKING = frozenset(words("tell say said know remember recall remind please mentioned"))
# What things are called is what people ask a memory first, seldom in the words they told it in.
_NAMING = frozenset(words("name named names call called"))
_ASKS = re.compile(
    r".*[?？؟;][\"”»)]*|(who|what|when|where|which|why|how|do|does|did|is|are|was|were|can|could"
    r"|will|would|should|have|has|tell|remind|show|list|explain|describe|find|give)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_GREETING = re.compile(
    r"(hi|hello|hey|hiya|good (morning|afternoon|evening|day)|greetings|hallo|bonjour|salut|hola"
    r"|ciao|olá|ola|hej|ahoj|cześć|привет|здравствуйте|γεια( σου)?|merhaba|שלום|مرحبا|नमस्ते"
    r"|こんにちは|你好|您好|안녕하세요|안녕)( there| all| everyone)?",
    re.IGNORECASE,
)
_EARLIER = {"user": "you said", "assistant": "I said", "tool": "a tool answered"}


@dataclass(frozen=True, slots=True)
class _Heard:
    """A message as the demo hears it; `ago` counts messages back from the newest user message."""

    role: str
    text: str
    ago: int


def answer(messages: Messages) -> str:
    """The whole answer to the newest user message of a conversation; never empty."""
    question = _newest_question(messages)
    if question is None:
        return f"Nobody has asked anything yet. {NOTICE}"
    text = text_of(messages[question]).strip()
    earlier = _heard(messages, question)
    fitting = _bearing_on(text, earlier)
    if fitting is not None:
        return f"{_quoting(fitting)} I found that in {_earlier(earlier)}. {_SHORT_NOTICE}"
    has_talk = any(message.role in {"user", "assistant"} for message in earlier)
    if _GREETING.fullmatch(text.strip(" \t\n!.,?…！。")):
        return _welcome_back(earlier) if has_talk else f"Hello! {NOTICE} {_HINT}"
    if not _telling(text):
        return f"There is no word in your message that I could look for. {NOTICE}"
    if not _ASKS.fullmatch(text):
        return f"I will remember that; ask me about it later. {_SHORT_NOTICE}"
    if not has_talk:
        return f"You have not told me anything yet. {NOTICE} {_HINT}"
    return (
        f"I found nothing about that in {_earlier(earlier)}. It looks like a new topic; "
        f"I still remember the earlier ones. {_SHORT_NOTICE}"
    )


_HINT = "Tell me something, such as “My dog is called Rufus”, and ask me about it later."


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message; of one in parts, that of its text parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, Mapping))
    return "\n".join(part for part in parts if isinstance(part, str))


def _newest_question(messages: Messages) -> int | None:
    places = range(len(messages))
    return next((at for at in reversed(places) if messages[at].get("role") == "user"), None)


def _heard(messages: Messages, question: int) -> list[_Heard]:
    return [
        _Heard(str(message.get("role", "")), text_of(message), question - at)
        for at, message in enumerate(messages[:question])
    ]


def _bearing_on(text: str, earlier: Sequence[_Heard]) -> _Heard | None:
    """The best of the earlier messages that share a telling word with `text`; None without one.

    What the demo itself has said is passed over: it would quote itself for ever.
    """
    wanted = _telling(text)
    candidates = [
        WindowMessage(seq=at, role=message.role, token_count=0, content=message.text)
        for at, message in enumerate(earlier)
    ]
    question = WindowMessage(seq=len(earlier), role="user", token_count=0, content=text)
    scores = rank([*candidates, question], text, asked_by=len(earlier)).scores
    known = text.casefold().strip()
    best: tuple[int, float] | None = None
    for at, message in enumerate(earlier):
        if message.role not in _EARLIER or _is_own(message) or not wanted:
            continue
        shared = len(wanted & _telling(message.text))
        if not shared or message.text.casefold().strip() == known:
            continue
        # An earlier question knows no more than the one at hand.
        score = shared + float(scores[at]) - (2.0 if _ASKS.fullmatch(message.text.strip()) else 0)
        if best is None or score >= best[1]:
            best = at, score
    return earlier[best[0]] if best else None


def _telling(text: str) -> frozenset[str]:
    """The stems that say what a text is about; of scripts without spaces, pairs of characters."""
    terms = {"name" if word in _NAMING else word for word in words(text)} - _ASKING
    unspaced = re.findall(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+", text)
    terms.update(run[at : at + 2] for run in unspaced for at in range(max(1, len(run) - 1)))
    return frozenset(terms)


def _is_own(message: _Heard) -> bool:
    # By what each of its notices has, those of earlier versions as well.
    return message.role == "assistant" and "the built-in demo" in message.text.casefold()


def _quoting(message: _Heard) -> str:
    ago = "Just before" if message.ago <= 2 else f"{message.ago} messages ago"
    quote = _shortened(message.text)
    stop = "" if quote.endswith((".", "!", "?", "…", "。", "！", "？")) else "."
    return f"{ago}, {_EARLIER[message.role]}: “{quote}”{stop}"


def _shortened(text: str) -> str:
    whole = " ".join(text.split())
    if len(whole) <= QUOTE_MAX_CHARS:
        return whole
    cut = whole[:QUOTE_MAX_CHARS]
    # Between words, unless the script has none.
    return f"{cut[: cut.rfind(' ')] if ' ' in cut[QUOTE_MAX_CHARS // 2 :] else cut}…"


def _earlier(earlier: Sequence[_Heard]) -> str:
    number = sum(message.role in _EARLIER for message in earlier)
    if number == 1:
        return "the one earlier message I can see"
    return f"the {number} earlier messages I can see"


def _welcome_back(earlier: Sequence[_Heard]) -> str:
    first = next((message for message in earlier if message.role == "user"), None)
    if first is None:
        return f"Hello again! {NOTICE}"
    return f"Hello again! You began with “{_shortened(first.text)}”. {NOTICE}"
