"""A search query taken apart, and matched against a text.

A hit has all words of the query, in one message or one title. The last word may be the beginning of
a word, since people search while they type. A phrase in quotation marks must be in the text as it
is, punctuation included.
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
# One letter begins too many words to be useful as a beginning.
_PREFIX_MIN_CHARS = 2
_UNSPACED = re.compile(f"[{UNSPACED}]")
_BEFORE = rf"(?<!{LETTER})"
# A vowel sign after a word belongs to it, so it would be another word.
_AFTER = rf"(?!{LETTER}|[{SIGNS}])"


@dataclass(frozen=True)
class SearchQuery:
    """A query taken apart.

    `words` are whole words, `runs` text of scripts without spaces, `pictures` emoji, `phrases`
    folded text. `beginning` is the last word where it may be unfinished.
    """

    words: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    beginning: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to search for."""
        return not (self.terms or self.beginnings or self.beginning)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms that every hit has: whole words, without the beginning."""
        terms = {word[:TERM_MAX_CHARS] for word in (*self.words, *self.pictures)}
        for run in self.runs:
            terms.update(pairs(run))
        for phrase in self.phrases:
            for kind, token in tokens(phrase):
                if kind == "run":
                    terms.update(pairs(token))
                else:
                    terms.add(token[:TERM_MAX_CHARS])
        return frozenset(terms)

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Single characters of scripts without spaces: a term of every hit begins with each."""
        phrased = [token for phrase in self.phrases for kind, token in tokens(phrase)]
        return frozenset(
            run for run in (*self.runs, *phrased) if len(run) == 1 and _UNSPACED.match(run)
        )

    @cached_property
    def patterns(self) -> Sequence[re.Pattern[str]]:
        """Patterns that all match the folded text of a hit; the beginning's comes last."""
        patterns = [re.compile(_phrase(phrase)) for phrase in self.phrases]
        patterns += [re.compile(_BEFORE + re.escape(word) + _AFTER) for word in self.words]
        patterns += [re.compile(re.escape(text)) for text in (*self.runs, *self.pictures)]
        if self.beginning:
            patterns.append(re.compile(_BEFORE + re.escape(self.beginning)))
        return patterns

    @cached_property
    def needles(self) -> Sequence[str]:
        """Plain texts in every hit: much faster to search for than patterns."""
        phrased = [word for phrase in self.phrases for word in phrase.split()]
        single = [*self.words, *self.runs, *self.pictures, *phrased]
        return sorted({*single, *filter(None, [self.beginning])}, key=len, reverse=True)

    def matches(self, folded: str) -> bool:
        """Whether a folded text is a hit."""
        # The cheap test first: most texts fail it.
        for needle in self.needles:
            if needle not in folded:
                return False
        if self.phrases:
            # The text may break a phrase over lines.
            spaced = " ".join(folded.split())
            if not all(phrase in spaced for phrase in self.phrases):
                return False
        return all(pattern.search(folded) for pattern in self.patterns)

    @cached_property
    def completed(self) -> "SearchQuery":
        """The same query with the beginning as a whole word."""
        if not self.beginning:
            return self
        return SearchQuery(
            words=(*self.words, self.beginning),
            runs=self.runs,
            pictures=self.pictures,
            phrases=self.phrases,
        )


def parse(text: str) -> SearchQuery:
    """Take apart what a user typed."""
    phrases = [" ".join(fold(quoted).split()) for quoted in _QUOTED.findall(text)]
    texts: dict[str, list[str]] = {"word": [], "run": [], "picture": []}
    last = ""
    for kind, token in tokens(fold(_QUOTED.sub(" ", text))):
        texts[kind].append(token)
        last = token if kind == "word" else ""
    # A closing quotation mark ends the last word, so it is not a beginning.
    quoted_last = text.rstrip().endswith(tuple('"“”„«»＂'))
    beginning = last if len(last) >= _PREFIX_MIN_CHARS and not quoted_last else ""
    words = texts["word"][:-1] if beginning else texts["word"]
    return SearchQuery(
        words=_once(words),
        runs=_once(texts["run"]),
        pictures=_once(texts["picture"]),
        # A phrase of punctuation alone has no term to look up in the index.
        phrases=_once(filter(_has_a_term, phrases)),
        beginning=beginning,
    )


def _once(texts: "Sequence[str] | filter[str]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _has_a_term(phrase: str) -> bool:
    return next(tokens(phrase), None) is not None


def _phrase(phrase: str) -> str:
    """A pattern for a phrase at word borders, with any white space between its words."""
    pattern = r"\s+".join(map(re.escape, phrase.split()))
    before = _BEFORE if re.match(LETTER, phrase[0]) else ""
    after = _AFTER if re.match(LETTER, phrase[-1]) else ""
    return before + pattern + after
