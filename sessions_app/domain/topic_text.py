"""Reads one message as text: its words, key terms and conversational cues.

Everything here is a deterministic function of the content alone. Work is bounded: a message longer
than `READ_CHARS` is read at its beginning and end, which is where people say what they want.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

READ_CHARS = 3000
MAX_TERMS = 24
MAX_TERM_CHARS = 24

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# Scripts written without spaces: a run of characters is cut into pairs, the usual unit of
# retrieval for them, because `\w+` would return whole sentences that never repeat.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_UNSPACED_RUN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_CODE_LINE = re.compile(
    r"^\s*(?:[{}()\[\];<>#@$]|import |from \w+ import|def |class |return\b|if \(|for \(|while \("
    r"|(?:const|let|var|function|public|private|static|void|int)\b|Traceback|File \"|at \S+\()"
    r"|[{};]\s*$|\w\(.*\)\s*:?\s*$|^\s*\w+\s*[-+*/]?=\s*\S"
)

FUNCTION_WORDS = frozenset(
    ["a", "about", "above", "after", "again", "against", "all", "also", "am", "an", "and", "any", "are", "aren't", "as", "at", "be", "because", "been", "before", "being", "below", "between", "both", "but", "by", "can", "can't", "cannot", "could", "couldn't", "did", "didn't", "do", "does", "doesn't", "doing", "don't", "down", "during", "each", "even", "ever", "every", "few", "for", "from", "further", "get", "gets", "getting", "go", "goes", "going", "gonna", "got", "had", "has", "hasn't", "have", "haven't", "having", "he", "he's", "her", "here", "hers", "herself", "him", "himself", "his", "how", "how's", "i", "i'd", "i'll", "i'm", "i've", "if", "in", "into", "is", "isn't", "it", "it's", "its", "itself", "just", "know", "let", "let's", "like", "lot", "lots", "make", "many", "may", "maybe", "me", "might", "mine", "more", "most", "much", "must", "my", "myself", "need", "no", "nor", "not", "now", "of", "off", "on", "once", "one", "only", "or", "other", "others", "our", "ours", "ourselves", "out", "over", "own", "please", "really", "right", "same", "say", "see", "she", "she's", "should", "shouldn't", "since", "so", "some", "such", "sure", "take", "tell", "than", "that", "that's", "the", "their", "theirs", "them", "themselves", "then", "there", "there's", "these", "they", "they're", "thing", "things", "think", "this", "those", "through", "to", "too", "under", "until", "up", "us", "use", "very", "want", "wants", "was", "wasn't", "way", "we", "we're", "well", "were", "weren't", "what", "what's", "when", "when's", "where", "where's", "which", "while", "who", "who's", "whom", "why", "will", "with", "won't", "would", "wouldn't", "yes", "yet", "you", "you'd", "you'll", "you're", "you've", "your", "yours", "yourself", "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bis", "das", "dass", "dem", "den", "der", "des", "die", "dir", "doch", "du", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es", "euch", "für", "habe", "haben", "hat", "ich", "ihm", "ihn", "ihr", "ihre", "im", "in", "ist", "ja", "kann", "kein", "keine", "können", "man", "mein", "meine", "mich", "mir", "mit", "muss", "nach", "nicht", "noch", "nur", "oder", "ohne", "sein", "seine", "sich", "sie", "sind", "so", "soll", "über", "um", "und", "uns", "unser", "vom", "von", "vor", "war", "was", "weil", "wenn", "wer", "werden", "wie", "wir", "wird", "wo", "zu", "zum", "zur", "au", "aux", "avec", "ce", "ces", "cette", "comme", "dans", "de", "des", "du", "elle", "en", "est", "et", "il", "ils", "je", "la", "le", "les", "leur", "lui", "ma", "mais", "me", "mes", "moi", "mon", "ne", "nous", "on", "ou", "où", "par", "pas", "plus", "pour", "que", "qui", "sa", "se", "ses", "son", "sont", "sur", "ta", "te", "tes", "toi", "tu", "un", "une", "vos", "votre", "vous", "como", "con", "cual", "cuando", "del", "desde", "donde", "el", "ella", "ellos", "en", "era", "es", "esta", "este", "esto", "está", "hay", "las", "lo", "los", "mi", "mis", "muy", "más", "nos", "para", "pero", "por", "porque", "qué", "quien", "se", "ser", "si", "sin", "sobre", "su", "sus", "también", "tiene", "todo", "tu", "una", "uno", "unos", "y", "ya", "yo", "che", "chi", "ci", "con", "cui", "da", "dal", "della", "di", "e", "gli", "ho", "il", "io", "ma", "nel", "nella", "non", "perché", "più", "se", "sei", "sono", "un", "una", "ao", "as", "com", "como", "da", "das", "do", "dos", "ela", "ele", "em", "essa", "esse", "eu", "isso", "mais", "mas", "meu", "minha", "na", "nas", "no", "nos", "não", "os", "ou", "para", "por", "que", "seu", "sua", "são", "também", "tem", "um", "uma", "você", "aan", "bij", "dat", "de", "die", "een", "en", "er", "het", "hij", "ik", "is", "je", "maar", "met", "mijn", "naar", "niet", "nog", "of", "ook", "op", "te", "van", "voor", "wat", "we", "wij", "zijn"]
)

# Words that by themselves say hello, thanks, goodbye, yes or no, and what people wrap around them.
_SOCIAL = frozenset(
    ["hi", "hello", "hey", "hiya", "howdy", "greetings", "yo", "morning", "afternoon", "evening", "good", "night", "hallo", "guten", "tag", "morgen", "abend", "hola", "buenas", "buenos", "días", "dias", "tardes", "bonjour", "bonsoir", "salut", "ciao", "buongiorno", "olá", "ola", "bom", "dia", "hoi", "dag", "hej", "namaste", "salam", "مرحبا", "السلام", "عليكم", "اهلا", "أهلا", "سلام", "صباح", "الخير", "thanks", "thank", "thx", "ty", "cheers", "danke", "dankeschön", "vielen", "dank", "merci", "beaucoup", "gracias", "muchas", "grazie", "mille", "obrigado", "obrigada", "bedankt", "tack", "شكرا", "شكراً", "جزيلا", "bye", "goodbye", "cya", "later", "tschüss", "adiós", "adios", "revoir", "yes", "yeah", "yep", "yup", "no", "nope", "nah", "ok", "okay", "k", "kk", "sure", "fine", "great", "cool", "nice", "perfect", "awesome", "wow", "lol", "haha", "hmm", "hm", "oh", "ah", "alright", "right", "exactly", "agreed", "correct", "understood", "gotcha", "indeed", "absolutely", "definitely", "wonderful", "excellent", "ja", "nein", "doch", "gut", "klar", "genau", "super", "oui", "non", "d'accord", "bien", "sí", "si", "vale", "claro", "sì", "va", "bene", "sim", "não", "نعم", "لا", "حسنا", "تمام", "طيب", "welcome", "pleasure", "problem", "worries", "sorry", "please", "bitte"]
)
_SOCIAL_FILL = frozenset(
    ["a", "again", "all", "and", "are", "at", "be", "day", "do", "doing", "everyone", "everybody", "for", "from", "go", "got", "have", "having", "help", "helping", "how", "i", "i'm", "in", "info", "information", "is", "it", "it's", "just", "let", "lot", "lovely", "me", "much", "my", "need", "needed", "nice", "now", "of", "on", "one", "really", "see", "so", "soon", "that", "that's", "the", "there", "this", "to", "today", "tonight", "too", "very", "was", "we", "weekend", "well", "will", "with", "you", "you're", "your", "yourself", "been", "everything", "folks", "guys", "man", "sir", "friend", "assistance", "time", "am", "doing's", "going", "appreciate", "und", "dir", "ihnen", "sehr", "auch", "mir", "geht's", "wie", "es", "et", "vous", "ça", "va", "très", "y", "tú", "usted", "mucho", "pour", "por", "para", "la", "las", "los", "el", "de"]
)
_UNSPACED_SOCIAL = re.compile(
    "^(?:你好|您好|大家好|早上好|晚上好|谢谢|謝謝|多谢|感谢|非常|你|您|再见|好的|好|是的|是|对|不|嗯|行|没问题|"
    "可以|了|啊|吧|呀|こんにちは|おはよう|こんばんは|ありがとう|ございます|はい|いいえ|안녕하세요|감사합니다)+$"
)
_CLOSERS = re.compile(
    r"\b(?:thanks?|thank you|bye|goodbye|welcome|good ?day|nice day|great day|that'?s all|that is all|"
    r"that'?s it|all set|anything else|danke|merci|gracias|have fun|enjoy|take care)\b",
    re.IGNORECASE,
)
_OPENERS = re.compile(
    r"\b(?:by the way|btw|another (?:question|thing)|also|one more|next|speaking of|anyway|"
    r"change (?:of )?(?:the )?(?:subject|topic)|different (?:topic|question|subject)|"
    r"something else|on another note|in addition|additionally|what about|how about|"
    r"i(?:'d| would) (?:also )?like|i(?:'m| am) (?:also )?(?:looking|interested|trying)|"
    r"i (?:also )?(?:need|want)|can you (?:also )?(?:help|tell|find|get|give)|"
    r"(?:could|would) you|tell me|do you (?:like|have|know|enjoy)|what (?:is|are|do)|"
    r"übrigens|noch eine frage|themenwechsel|autre (?:question|chose)|otra (?:pregunta|cosa))\b",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"\b(?:by the way|btw|another (?:question|thing)|(?:different|new|unrelated) (?:topic|question|"
    r"subject)|chang(?:e|ing) (?:of )?(?:the )?(?:subject|topic)|something (?:else|different)|on "
    r"another note|switch(?:ing)? (?:gears|topics?)|themenwechsel|anderes thema|changeons de sujet|"
    r"autre sujet|cambiando de tema|otro tema)\b",
    re.IGNORECASE,
)
_BACKWARD = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|he|she|him|her|there|one|ones|same|instead|then)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message says, as far as topic detection needs it.

    `terms` are its distinct content words in order, folded to lower case, at most `MAX_TERMS`.
    `words` counts all its words. `first` and `second` are its first two words.
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
    social: bool
    code_only: bool
    foreign_script: bool


def bounded(content: str) -> str:
    """`content`, or its first two thirds and last third of `READ_CHARS` when longer."""
    if len(content) <= READ_CHARS:
        return content
    head = READ_CHARS * 2 // 3
    return content[:head] + "\n" + content[head - READ_CHARS :]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A crude English stem, only good enough that `tickets` meets `ticket` and `booked` `booking`."""
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
    seen: dict[str, None] = {}
    for word in tokens:
        if word in FUNCTION_WORDS or word in _SOCIAL or (len(word) < 2 and word.isascii()):
            continue
        seen.setdefault(word[:MAX_TERM_CHARS])
        if len(seen) == MAX_TERMS:
            break
    return tuple(seen)


def is_social(text: str, tokens: tuple[str, ...]) -> bool:
    """True for a greeting, thanks, goodbye or bare yes/no with nothing else in it, and for no words."""
    if not tokens:
        return True
    squeezed = "".join(_WORD.findall(text))
    if _UNSPACED.search(squeezed):
        return len(squeezed) <= 12 and bool(_UNSPACED_SOCIAL.match(squeezed))
    if len(tokens) > 12 or not any(word in _SOCIAL for word in tokens):
        return False
    return all(word in _SOCIAL or word in _SOCIAL_FILL for word in tokens)


def is_code_only(text: str) -> bool:
    """True when nothing but code or a trace is left: fences aside, every line looks like code."""
    prose = _FENCE.sub("\n", text)
    if not _WORD.search(prose):
        return bool(_WORD.search(text))
    lines = [line for line in prose.splitlines() if line.strip()]
    return len(lines) >= 2 and all(_CODE_LINE.search(line) for line in lines)


def read(content: str) -> Reading:
    """Read one message. Never raises, whatever the text holds."""
    text = bounded(content)
    tokens = tokens_of(text)
    letters = sum(map(str.isalpha, text[:400]))
    plain = sum(c.isalpha() and c < "\u0250" for c in text[:400])
    tail = text.rstrip()[-2:]
    return Reading(
        tokens=tokens[:256],
        terms=terms_of(tokens),
        words=len(tokens),
        question="?" in tail or "？" in tail or "؟" in tail,
        asks_anywhere="?" in text or "？" in text or "؟" in text,
        closer=bool(_CLOSERS.search(text[:600])),
        opener=bool(_OPENERS.search(text[:200])),
        announced=bool(_ANNOUNCED.search(text[:200])),
        backward=min(4, len(_BACKWARD.findall(text[:300]))),
        social=is_social(text, tokens),
        code_only=is_code_only(text),
        foreign_script=letters > 0 and plain * 2 < letters,
    )
