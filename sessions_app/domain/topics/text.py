"""Reads one message as text: its words, key terms and conversational cues.

A reading depends on the content alone, and its work is bounded: of a message longer than
`READ_CHARS` the beginning and the end are read, where people say what they want.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from sessions_app.domain.topics.cues import ANNOUNCED, CONTINUES
from sessions_app.domain.topics.words import FUNCTION_WORDS, SOCIAL, SOCIAL_FILL

# The cost of a reading must not depend on the length of the message.
READ_CHARS = 3000
MAX_TERMS = 24
MAX_TERM_CHARS = 24
_LINE_CHARS = 240
# Bounded: a text without spaces loses no more than a word.
_CUT_END = re.compile(r"[^\W_]{1,24}\Z")
_CUT_START = re.compile(r"\A[^\W_]{1,24}")

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# Scripts without spaces are cut into pairs of characters, the usual unit of retrieval for them:
# `\w+` would match whole sentences, which never repeat.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_UNSPACED_RUN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_CODE_LINE = re.compile(
    r"^\s*(?:[{}()\[\];<>#@$]|import |from \w+ import|def |class |return\b|if \(|for \(|while \("
    r"|(?:const|let|var|function|public|private|static|void|int)\b|Traceback|File \"|at \S+\()"
    r"|(?:Error|Exception)\b.*:|[{};]\s*$|\w\(.*\)\s*:?\s*$|^\s*\w+\s*[-+*/]?=\s*\S"
)


_UNSPACED_SOCIAL = re.compile(
    "^(?:你好|您好|大家好|早上好|晚上好|谢谢|謝謝|多谢|感谢|非常|你|您|再见|好的|好|是的|是|对|不|嗯|行|没问题|"
    "可以|了|啊|吧|呀|こんにちは|おはよう|こんばんは|ありがとう|ございます|はい|いいえ|안녕하세요|감사합니다)+$"
)
_CLOSERS = re.compile(
    r"\b(?:thanks?|thank you|bye|goodbye|welcome|good ?day|nice day|great day|that'?s all|"
    r"that is all|that'?s it|all set|anything else|danke|merci|gracias|have fun|enjoy|take care)\b",
    re.IGNORECASE,
)
_OPENERS = re.compile(
    r"\b(?:by the way|btw|another (?:question|thing)|also|one more|next|speaking of|anyway|"
    r"change (?:of )?(?:the )?(?:subject|topic)|different (?:topic|question|subject)|"
    r"something else|on another note|in addition|additionally|"
    r"i(?:'d| would) (?:also )?like|i(?:'m| am) (?:also )?(?:looking|interested|trying)|"
    r"(?<!do )i (?:also )?(?:need|want)|can you (?:also )?(?:help|tell|find|get|give)|"
    r"(?:could|would) you|tell me|do you (?:like|have|know|enjoy)|what (?:is|are|do)(?! its)|"
    r"übrigens|noch eine frage|themenwechsel|autre (?:question|chose)|otra (?:pregunta|cosa))\b",
    re.IGNORECASE,
)
_BACKWARD = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|he|she|him|her|there|one|ones|same|instead|then)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as topic detection reads it.

    `tokens` are its first words. `terms` are its distinct content words in order, in lower case,
    at most `MAX_TERMS`. `words` counts all its words, `backward` those that point back ("that").
    """

    tokens: tuple[str, ...]
    terms: tuple[str, ...]
    words: int
    question: bool
    asks_anywhere: bool
    closer: bool
    opener: bool
    announced: bool
    backward: int
    continues: bool
    social: bool
    code_only: bool
    foreign_script: bool


def bounded(content: str) -> str:
    """`content`, or its first two thirds and last third of `READ_CHARS` when longer."""
    if len(content) <= READ_CHARS:
        return content
    # Two thirds from the beginning, where the request usually is.
    head = READ_CHARS * 2 // 3
    first, last = content[:head], content[head - READ_CHARS :]
    # A word that is cut in two would count as another word ("along" as "ong").
    return _CUT_END.sub("", first) + "\n" + _CUT_START.sub("", last)


# A conversation repeats its words, and so do its features.
@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A crude English stem: `booked` and `booking` share one."""
    word = word.removesuffix("'s").removesuffix("’s")
    if len(word) > 4 and word.isascii():
        for suffix, keep in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("ly", "")):
            if word.endswith(suffix) and len(word) - len(suffix) >= 3:
                return (word[: -len(suffix)] + keep).rstrip("e")
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word.rstrip("e") if len(word) > 4 else word


def tokens_of(text: str) -> tuple[str, ...]:
    """Lower-case words in order; scripts without spaces give overlapping character pairs."""
    out: list[str] = []
    for word in _WORD.findall(text.lower()):
        if not _UNSPACED.search(word):
            out.append(word.replace("’", "'"))
            continue
        for run in _UNSPACED_RUN.findall(word):
            out.extend(run[i : i + 2] for i in range(max(1, len(run) - 1)))
    return tuple(out)


def terms_of(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Distinct content words in order: no function or social words, no single letters."""
    terms: dict[str, None] = {}
    for word in tokens:
        if word in FUNCTION_WORDS or word in SOCIAL or (len(word) < 2 and word.isascii()):
            continue
        terms.setdefault(word[:MAX_TERM_CHARS])
        if len(terms) == MAX_TERMS:
            break
    return tuple(terms)


def is_social(text: str, tokens: tuple[str, ...]) -> bool:
    """Whether a text is only a greeting, thanks, a goodbye or a bare yes or no; or has no words."""
    if not tokens:
        return True
    squeezed = "".join(_WORD.findall(text))
    if _UNSPACED.search(squeezed):
        # A longer run may name a subject between the polite words.
        return len(squeezed) <= 12 and bool(_UNSPACED_SOCIAL.match(squeezed))
    # A longer message may name a subject between the polite words.
    if len(tokens) > 12 or not any(word in SOCIAL for word in tokens):
        return False
    return all(word in SOCIAL or word in SOCIAL_FILL for word in tokens)


def is_code_only(text: str) -> bool:
    """Whether a text is code or a stack trace alone: every line outside fences looks like code."""
    prose = _FENCE.sub("\n", text)
    if not _WORD.search(prose):
        return bool(_WORD.search(text))
    lines = [line for line in prose.splitlines() if line.strip()]
    return len(lines) >= 2 and all(_CODE_LINE.search(_ends_of(line)) for line in lines)


def _ends_of(line: str) -> str:
    """The line, or the beginning and the end of a long one, where code shows.

    The pattern takes time that grows with the square of a line's length.
    """
    half = _LINE_CHARS // 2
    return line if len(line) <= _LINE_CHARS else line[:half] + line[-half:]


def read(content: str) -> Reading:
    """Read one message; raises nothing for any text."""
    text = bounded(content)
    tokens = tokens_of(text)
    letters = sum(map(str.isalpha, text[:400]))
    # Latin with its extensions ends at U+024F.
    latin = sum(c.isalpha() and c < "\u0250" for c in text[:400])
    # Two characters: a quote or an emoji may follow the question mark.
    tail = text.rstrip()[-2:]
    return Reading(
        # For cues and word shares, where the first words are enough.
        tokens=tokens[:256],
        terms=terms_of(tokens),
        words=len(tokens),
        question="?" in tail or "？" in tail or "؟" in tail,
        asks_anywhere="?" in text or "？" in text or "؟" in text,
        # Searched in a bounded part: such phrases come early, and long texts would cost more.
        closer=bool(_CLOSERS.search(text[:600])),
        opener=bool(_OPENERS.search(text[:200])),
        announced=bool(ANNOUNCED.search(text[:200])),
        backward=min(4, len(_BACKWARD.findall(text[:300]))),
        continues=bool(CONTINUES.match(text[:80])),
        social=is_social(text, tokens),
        code_only=is_code_only(text),
        foreign_script=letters > 0 and latin * 2 < letters,
    )
