"""What somebody looks for, and whether a text is that.

Several words mean all of them, in one message or one title; the last may be only the beginning of
a word, since people search while they type. What stands in quotation marks must stand in the text
in that order, punctuation included.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sessions_app.domain.search.text import (
    LETTER,
    SIGNS,
    TERM_MAX_CHARS,
    UNSPACED,
    fold,
    pairs,
    tokens,
)

_QUOTED = re.compile('["“”„«»＂]([^"“”„«»＂]*)["“”„«»＂]')
# One letter begins too many words to be meant as a beginning.
_PREFIX_MIN_CHARS = 2
_UNSPACED = re.compile(f"[{UNSPACED}]")
_BEFORE = rf"(?<!{LETTER})"
_AFTER = rf"(?!{LETTER}|[{SIGNS}])"


@dataclass(frozen=True)
class SearchQuery:
    """A query taken apart.

    `words`, `runs` and `pictures` are whole, `beginning` is the last word when it may go on, and
    `phrases` are folded text. `whole` is whether the beginning has to be a whole word after all.
    """

    words: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    beginning: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it can be looked for."""
        return not (self.terms or self.beginnings or self.beginning)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms that every hit has; whole words only, without the beginning."""
        found = {word[:TERM_MAX_CHARS] for word in (*self.words, *self.pictures)}
        for run in self.runs:
            found.update(pairs(run))
        for phrase in self.phrases:
            for kind, token in tokens(phrase):
                if kind == "run":
                    found.update(pairs(token))
                else:
                    found.add(token[:TERM_MAX_CHARS])
        return frozenset(found)

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Single characters of scripts without spaces: some term of a hit begins with each."""
        phrased = [token for phrase in self.phrases for kind, token in tokens(phrase)]
        return frozenset(
            run for run in (*self.runs, *phrased) if len(run) == 1 and _UNSPACED.match(run)
        )

    @cached_property
    def patterns(self) -> Sequence[re.Pattern[str]]:
        """What must all be found in a folded text; the beginning, if any, comes last."""
        found = [re.compile(_phrase(phrase)) for phrase in self.phrases]
        found += [re.compile(_BEFORE + re.escape(word) + _AFTER) for word in self.words]
        found += [re.compile(re.escape(text)) for text in (*self.runs, *self.pictures)]
        if self.beginning:
            found.append(re.compile(_BEFORE + re.escape(self.beginning)))
        return found

    @cached_property
    def needles(self) -> Sequence[str]:
        """Plain texts that stand in every hit: much quicker to look for than patterns."""
        phrased = [word for phrase in self.phrases for word in phrase.split()]
        single = [*self.words, *self.runs, *self.pictures, *phrased]
        return sorted({*single, *filter(None, [self.beginning])}, key=len, reverse=True)

    def matches(self, folded: str) -> bool:
        """Whether a folded text is what is looked for."""
        for needle in self.needles:
            if needle not in folded:
                return False
        if self.phrases:
            spaced = " ".join(folded.split())
            if not all(phrase in spaced for phrase in self.phrases):
                return False
        return all(pattern.search(folded) for pattern in self.patterns)

    @cached_property
    def completed(self) -> "SearchQuery":
        """The same with the beginning as a whole word."""
        if not self.beginning:
            return self
        return SearchQuery(
            words=(*self.words, self.beginning),
            runs=self.runs,
            pictures=self.pictures,
            phrases=self.phrases,
        )


def parse(text: str) -> SearchQuery:
    """The query that somebody typed."""
    phrases = [" ".join(fold(quoted).split()) for quoted in _QUOTED.findall(text)]
    found: dict[str, list[str]] = {"word": [], "run": [], "picture": []}
    last = ""
    for kind, token in tokens(fold(_QUOTED.sub(" ", text))):
        found[kind].append(token)
        last = token if kind == "word" else ""
    quoted_last = text.rstrip().endswith(tuple('"“”„«»＂'))
    beginning = last if len(last) >= _PREFIX_MIN_CHARS and not quoted_last else ""
    words = found["word"][:-1] if beginning else found["word"]
    return SearchQuery(
        words=_once(words),
        runs=_once(found["run"]),
        pictures=_once(found["picture"]),
        phrases=_once(filter(_has_a_term, phrases)),
        beginning=beginning,
    )


def _once(texts: "Sequence[str] | filter[str]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _has_a_term(phrase: str) -> bool:
    return next(tokens(phrase), None) is not None


def _phrase(phrase: str) -> str:
    """A phrase at the borders of words, with any white space between them."""
    pattern = r"\s+".join(map(re.escape, phrase.split()))
    before = _BEFORE if re.match(LETTER, phrase[0]) else ""
    after = _AFTER if re.match(LETTER, phrase[-1]) else ""
    return before + pattern + after
