"""Names a topic by phrases as the person wrote them, and by none where none is good.

A phrase is a run of words that name something, of up to three words, or a name with its "of". What
the person says weighs more than what the answers say, and what opens the topic weighs most.
"""

import re
from collections.abc import Iterable
from math import sqrt
from typing import Final

from sessions_app.domain.topics.evidence import Weigher
from sessions_app.domain.topics.head import shipped_head
from sessions_app.domain.topics.questions import is_content
from sessions_app.domain.topics.state import Phrases, TopicState
from sessions_app.domain.topics.text import bounded, stem
from sessions_app.domain.topics.words import FUNCTION_WORDS, VERBS

UNTITLED: Final = ""
LABEL_PHRASES: Final = 2
PHRASE_WORDS: Final = 3
MAX_PHRASE_CHARS: Final = 40
STATE_PHRASES: Final = 24
# Of one message: the subject is named early.
_READ_CHARS: Final = 600
_PHRASES_READ: Final = 8
OPENING_WEIGHT: Final = 3.0
PERSON_WEIGHT: Final = 2.0
# Said once in an answer alone, a phrase is not good enough.
ANSWER_WEIGHT: Final = 0.5
GOOD_SCORE: Final = 0.5
SECOND_SHARE: Final = 0.6

# Nouns that end like adverbs and participles.
_NOUNS: Final = frozenset({"family", "assembly", "supply", "butterfly", "monopoly", "hundred"})
_OMITTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|^\s*>.*$|\w+://\S+|\S+@\S+", re.DOTALL | re.MULTILINE
)
_WORD = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*(?:\+\+|#)?")
_CUT_END = re.compile(r"[^\W_]{1,24}\Z")
_POSSESSIVE = re.compile(r"['’]s?$")
# Chinese and Japanese have no spaces: between their particles stand the words that name something.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_NAMING_RUN = re.compile("[\u30a0-\u30ff\u3400-\u9fff]{2,}")
_PARTICLES = re.compile(
    "什么|怎么|怎样|为什么|多久|多少|可以|能不能|是不是|有没有|如何|一个|一下|我们|你们|他们|这个|那个|"
    "还是|但是|因为|所以|如果|或者|[的了吗呢吧啊我你他她它是在有和与要想学做去来把被给让到从对就都也很太不没会能用请问这那]"
)


def phrases_of(content: str) -> tuple[str, ...]:
    """The phrases of a message in order, as they are written; code, quotes and links have none."""
    text = _OMITTED.sub(" . ", bounded(content))
    if len(text) > _READ_CHARS:
        # No word is cut in two.
        text = _CUT_END.sub("", text[:_READ_CHARS])
    phrases: dict[str, None] = {}
    run: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        word = match.group()
        if _UNSPACED.search(word):
            phrases.update(dict.fromkeys(_unspaced(word)))
            continue
        # Punctuation and line ends part phrases, a space joins.
        if text[end : match.start()] != " ":
            _close(phrases, run)
        end = match.end()
        if _names(word) or _is_name(word, text[: match.start()]):
            run.append(word)
        else:
            _close(phrases, run)
    _close(phrases, run)
    return tuple(phrases)[:_PHRASES_READ]


def _unspaced(word: str) -> Iterable[str]:
    for piece in _PARTICLES.split(word):
        yield from (run for run in _NAMING_RUN.findall(piece) if len(run) <= 8)


def _names(word: str) -> bool:
    """Whether a word can be part of a name: content, and no verb, adverb or long identifier."""
    bare = _POSSESSIVE.sub("", word.lower()).replace("’", "'")
    if len(word) > 24 or not bare or not is_content(bare) or bare in VERBS:
        return False
    if bare in _NOUNS:
        return True
    return not (word.islower() and len(bare) > 5 and bare.endswith(("ly", "ed")))


def _is_name(word: str, before: str) -> bool:
    """Whether a capital letter in a sentence makes a name of a verb ("what is Open Banking")."""
    inside = before.endswith(" ") and before.rstrip()[-1:] not in (*".!?:;", "")
    return inside and word[0].isupper() and word.lower() not in FUNCTION_WORDS


def _close(phrases: dict[str, None], run: list[str]) -> None:
    """End a run of words: its last words are the phrase, since a name stands at its end."""
    words = run[-PHRASE_WORDS:]
    run.clear()
    if words:
        words[-1] = _POSSESSIVE.sub("", words[-1])
        phrase = " ".join(words)
        if len(phrase) > 2 and len(phrase) <= MAX_PHRASE_CHARS:
            phrases.setdefault(phrase)


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in phrase.lower().split())


def note_phrases(noted: Phrases, said: tuple[str, ...], weight: float) -> Phrases:
    """The topic's phrases with a message's added; beyond `STATE_PHRASES`, the lightest go.

    A phrase that was noted before keeps its first spelling. One word of it ("the scandal" after
    "Watergate scandal") supports it.
    """
    table = dict(noted)
    keys = {_key(phrase): phrase for phrase in table}
    parts = {word: phrase for key, phrase in keys.items() for word in key}
    for phrase in said:
        key = _key(phrase)
        if key in keys:
            table[keys[key]] += weight
        elif len(key) == 1 and key[0] in parts:
            table[parts[key[0]]] += weight / 2
        else:
            table[phrase] = weight
    if len(table) > STATE_PHRASES:
        # Sorting is stable: of equal ones, the first said stay.
        lightest = sorted(table, key=lambda phrase: -table[phrase])[STATE_PHRASES:]
        for phrase in lightest:
            del table[phrase]
    return tuple(table.items())


def current_label(state: TopicState, *, weigher: Weigher | None = None) -> str:
    """Name the current topic by one or two phrases, best first; empty where none is good."""
    weigher = weigher or shipped_head().weigher
    elsewhere = dict(state.past_terms)
    scored = sorted(
        (
            (_score(phrase, weight, elsewhere, weigher), -position, phrase)
            for position, (phrase, weight) in enumerate(state.phrases)
        ),
        reverse=True,
    )
    chosen: list[str] = []
    used: set[str] = set()
    for score, _, phrase in scored[:LABEL_PHRASES]:
        if score < max(GOOD_SCORE, SECOND_SHARE * scored[0][0]) or used & set(_key(phrase)):
            break
        chosen.append(phrase)
        used |= set(_key(phrase))
    return ", ".join(chosen)


def _score(phrase: str, weight: float, elsewhere: dict[str, int], weigher: Weigher) -> float:
    """How well a phrase names the topic: said often here, rare in general and in other topics."""
    key = _key(phrase)
    rarity = sum(weigher.weight(each) for each in key) / len(key) / weigher.unknown
    other = max((elsewhere.get(word, 0) for word in phrase.lower().split()), default=0)
    # Two words say more than one, and a name more than a noun.
    longer = 1.0 + 0.2 * (len(key) - 1)
    named = 1.2 if any(word[0].isupper() for word in phrase.split()[1:]) else 1.0
    return weight * min(rarity, 0.8) * longer * named / sqrt(1.0 + other)
