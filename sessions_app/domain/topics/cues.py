"""Cues of talk in English, German, Spanish, French, Portuguese, Chinese, Japanese and Arabic.

Scripts without spaces have no word boundaries, so their cues are searched as they are.
"""

import re
from typing import Final


def _cues(spaced: str, unspaced: str, *, start: bool = False) -> re.Pattern[str]:
    """A pattern of words, and of parts of texts without spaces; at the start of a text or in it."""
    before = r"\A\W*" if start else ""
    return re.compile(rf"{before}(?:\b(?:{spaced})\b|{unspaced})", re.IGNORECASE)


# A message that goes on with what was said ("and how long?", "was ist mit …", "那多久").
CONTINUES: Final = _cues(
    r"and|but|so|or|then|because|why|what if|how come|what about|how about|which one|who|"
    r"how (?:many|much|long|often|far)|"
    r"und|aber|oder|dann|warum|wieso|was (?:ist mit|wenn)|wie (?:viele?|lange|oft|weit|teuer)|"
    r"welche[rsn]?|geht das|"
    r"y|pero|o|entonces|por qué|qué (?:tal|pasa si)|cuánt[oa]s?|cuál(?:es)?|con qué frecuencia|"
    r"et|mais|ou|alors|pourquoi|combien|lequel|laquelle|à quelle fréquence|"
    r"e|mas|ou|então|por que|porquê|quant[oa]s?|qual|quais|com que frequência|"
    r"و\w*|لكن|أو|لماذا|كم|ماذا لو|أي",
    "那|还有|但是|所以|为什么|多久|多少|如果|还能|哪|"
    "それ|では|じゃ|でも|なぜ|どうして|どのくらい|どれ|もっと|もし",
    start=True,
)
# Announces another subject.
ANNOUNCED: Final = _cues(
    r"by the way|btw|another (?:question|thing)|(?:different|new|unrelated) (?:topic|question|"
    r"subject)|chang(?:e|ing) (?:of )?(?:the )?(?:subject|topic)|on another note|"
    r"switch(?:ing)? (?:gears|topics?)|"
    r"themenwechsel|anderes thema|(?:noch )?eine (?:andere|ganz andere) frage|etwas (?:ganz )?"
    r"anderes|übrigens|"
    r"cambiando de tema|otro tema|otra pregunta|por cierto|"
    r"changeons de sujet|autre sujet|autre (?:question|chose)|au fait|"
    r"mudando de assunto|outro assunto|outra pergunta|a propósito|"
    r"سؤال آخر|موضوع آخر|بالمناسبة|لنغير الموضوع",
    "换个话题|换一个话题|另一个问题|另外一个问题|别的问题|顺便问|"
    "話は変わ|話題を変え|別の質問|別の話|ところで",
)
# Points back to something said before, in scripts without spaces; `words.POINTERS` has the others.
UNSPACED_POINTERS: Final = re.compile(
    "它|他们|她们|这个|那个|这些|那些|这样|那样|那里|其中|それ|これ|あれ|その|この|そこ|ここ"
)
