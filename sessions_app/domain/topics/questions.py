"""Reads what a person asks an assistant: does a question stand alone, or lean on what was said?

In a chat with an assistant, answers are long and drift, and the person's questions open topics. A
question that leans on the talk before it ("and how long does it take?") names little that is new,
points back, or begins like an answer; one that opens a topic names its subject.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sessions_app.domain.topics.cues import UNSPACED_POINTERS
from sessions_app.domain.topics.text import bounded, stem, tokens_of
from sessions_app.domain.topics.words import FUNCTION_WORDS, GENERIC_WORDS, POINTERS, SOCIAL, VERBS

# A question is short; of a pasted page, the beginning and the end say what is asked.
QUESTION_CHARS: Final = 1200
# The subject of an answer is in its first paragraphs.
ANSWER_STEMS: Final = 96

_GENERIC: Final = frozenset(map(stem, GENERIC_WORDS))
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)
_QUOTED = re.compile(r"[\"“][^\"”\n]{20,}[\"”]")
# In a script without spaces a sentence is this long.
_UNSPACED_CHARS: Final = 60
_DEFINITE = re.compile(r"\bthe\b", re.IGNORECASE)
_ACKNOWLEDGES = re.compile(
    r"\W*(?:ok(?:ay)?|i see|interesting|cool|wow|oh|great|nice|good|right|sure|thanks?|thank you|"
    r"hm+|ah|aha|yes|yeah|yep|no|nope|actually|well|awesome|perfect|got it|makes sense|fair|"
    r"that(?:’|')?s|really|exactly|agreed|sounds|not (?:really|quite))\b",
    re.IGNORECASE,
)
_FOLLOWS_UP = re.compile(
    r"\b(?:more|else|other|others|another|example|examples|instead|also|too|either|then|still|"
    r"further|again|next|besides|otherwise|rather|difference|differences|compare[ds]?|better|best|"
    r"worse|cheaper|each|both|all|any|some|first|second|third|last|step|option|why|"
    r"what about|how about|what if|go on|continue|elaborate|explain|you (?:said|mentioned|mean))\b",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(
    r"\b(?:i(?:’|')?m (?:\w+ )?(?:planning|thinking|trying|looking|writing|learning|interested|"
    r"curious|considering|working|having)|i am (?:\w+ )?(?:planning|thinking|trying|looking|"
    r"writing|learning|interested|curious|considering|working|having)|"
    r"i(?:’|')?ve (?:\w+ )?(?:got|been|heard|read|decided|always)|i have (?:a|an|been)|"
    r"i (?:just|recently|heard|read|remember|saw|need|want|wonder|would like|took|found)|"
    r"i(?:’|')?d (?:like|love)|my (?:\w+ )?(?:friend|mom|mother|dad|father|son|daughter|wife|"
    r"husband|boss|dog|cat|car|doctor|kids?|child|team|company|teacher)|a friend|"
    r"can you (?:help|tell me about|explain|recommend|suggest)|tell me about|let(?:’|')?s talk|"
    r"what (?:is|are) (?:a|an)|how (?:do|can|should) i|hello|hi|hey)\b",
    re.IGNORECASE,
)
_ORDINALS: Final = "first|second|third|fourth|fifth|last|latter|former|other"
_REFERS = re.compile(
    rf"\b(?:the (?:{_ORDINALS})(?:(?: and| or|,)(?: the)? (?:{_ORDINALS}))* "
    r"(?:one|two|three|option|step|suggestion|recommendation|point|idea|tip|choice)s?|"
    rf"tell me more about (?:it|that|this|them|these|those|the (?:{_ORDINALS}))|"
    r"you(?:(?:'|’)ve)? (?:just )?(?:mentioned|suggested|recommended|listed)|"
    r"what are the next steps)\b",
    re.IGNORECASE,
)
_REFERS_CHARS: Final = 120
_ASKS_WHAT = re.compile(r"\W*(?:what|who|when|where|which|whose|why|how)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)(?<!\n)\b[A-Z][\w’'-]+")


@dataclass(frozen=True, slots=True)
class Question:
    """A person's message as a question: its content stems and the cues around them.

    `names` are stems of words written with a capital letter inside a sentence. The counts are of
    words and phrases that point back, are definite, go on or bring up something.
    `only_acts` is whether it points back and has verbs alone besides, `refers` whether it asks for
    one of several things that were said ("the second option") or for more of them.
    """

    stems: tuple[str, ...]
    names: tuple[str, ...]
    words: int
    points_back: int
    points_within: int
    definite: int
    follows_up: int
    acknowledges: bool
    introduces: bool
    asks_what: bool
    quotes: bool
    only_acts: bool
    refers: bool


def read_question(content: str) -> Question:
    """Read a person's message; code and quoted text say nothing about what is asked."""
    text = bounded(content)
    bare = _QUOTED.sub(" ", _QUOTED_LINE.sub(" ", _FENCE.sub(" ", text)))
    # Only quoted text or code: it is what the message is about.
    question = (bare if bare.strip() else text)[:QUESTION_CHARS]
    tokens = tokens_of(question)
    back, within = _pointers(tokens)
    back += len(UNSPACED_POINTERS.findall(question[:_UNSPACED_CHARS]))
    return Question(
        stems=_stems(tokens, ANSWER_STEMS),
        names=tuple(dict.fromkeys(stem(name.lower()) for name in _NAME.findall(question))),
        words=len(tokens),
        points_back=back,
        points_within=within,
        definite=len(_DEFINITE.findall(question)),
        follows_up=len(_FOLLOWS_UP.findall(question)),
        acknowledges=bool(_ACKNOWLEDGES.match(question)),
        introduces=bool(_INTRODUCES.search(question)),
        asks_what=bool(_ASKS_WHAT.match(question)),
        # "How do I install it?": the verb names no subject.
        only_acts=back > 0 and not any(is_content(w) and w not in VERBS for w in tokens),
        quotes=len(bare.strip()) < len(text.strip()),
        refers=bool(_REFERS.search(question[:_REFERS_CHARS])) and not _INTRODUCES.search(question),
    )


def _pointers(tokens: tuple[str, ...]) -> tuple[int, int]:
    """How many words point back before anything is named, and after it.

    After it they may mean what the message has just named ("my mother … her"). Right behind a
    first content word they do not: it is a verb ("install it").
    """
    back = within = named = 0
    just_named = False
    for word in tokens:
        if word in POINTERS:
            leans = not named or (named == 1 and just_named)
            back, within = (back + 1, within) if leans else (back, within + 1)
        just_named = is_content(word) and word not in VERBS
        named += just_named
    return back, within


# A conversation repeats its words.
@lru_cache(maxsize=8192)
def is_content(word: str) -> bool:
    """Whether a word names something: no function, social or generic word, no number."""
    return not (
        word in FUNCTION_WORDS
        or word in SOCIAL
        or word.isdigit()
        or (len(word) < 2 and word.isascii())
        or stem(word) in _GENERIC
    )


def content_stems(text: str, most: int = ANSWER_STEMS) -> tuple[str, ...]:
    """Distinct stems of a text's content words in order, at most `most`."""
    return _stems(tokens_of(text), most)


def _stems(tokens: tuple[str, ...], most: int) -> tuple[str, ...]:
    stems: dict[str, None] = {}
    for word in tokens:
        if is_content(word):
            stems.setdefault(stem(word)[:24])
        if len(stems) == most:
            break
    return tuple(stems)
