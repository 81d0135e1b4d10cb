"""Text of users beside other text: in a line, in a cell of a spreadsheet, on a terminal.

Unicode's directional formatting characters (Unicode Standard Annex 9) change the order of what
follows them on the line, so a title could make the words and figures behind it say something else.
"""

import re
import unicodedata

from sessions_app.domain.texts.text import inert

FIRST_STRONG, POP_ISOLATE = "\u2068", "\u2069"
_ISOLATES = "\u2066\u2067\u2068"
# Embeddings, overrides, isolates, and what ends them.
_DIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINES = re.compile("([\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+)")
_STARTS_A_FORMULA = frozenset("=+-@\u2212")
# Letters and signs that show nothing: the fillers of Hangul, and the empty pattern of Braille.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def isolated(text: str) -> str:
    """`text` so that its directional characters have no effect outside of it.

    Text without any is left as it is. Each line is isolated by itself, as a line ends all isolates.
    """
    if not _DIRECTIONAL.search(text):
        return text
    return "".join(
        f"{FIRST_STRONG}{_balanced(line)}{POP_ISOLATE}" if _DIRECTIONAL.search(line) else line
        for line in _LINES.split(text)
    )


def _balanced(line: str) -> str:
    """`line` with as many ends of isolates as beginnings; one more would end ours."""
    depth = 0
    balanced = []
    for character in line:
        if character == POP_ISOLATE:
            if not depth:
                continue
            depth -= 1
        elif character in _ISOLATES:
            depth += 1
        balanced.append(character)
    return "".join(balanced) + depth * POP_ISOLATE


def harmless(text: str) -> str:
    """Lines for a terminal: control characters as signs, directional ones isolated."""
    return "\n".join(isolated(inert(line).replace("\r", "\u240d")) for line in text.split("\n"))


def cell(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula (OWASP, CSV injection).

    Programs skip blanks and characters that show nothing before the first sign, and some read
    full-width and small forms of signs as the signs.
    """
    text = isolated(text)
    return f"'{text}" if _may_be_a_formula(text) else text


def _may_be_a_formula(text: str) -> bool:
    for character in text:
        category = unicodedata.category(character)
        if category == "Cc":
            # A tab or the end of a line may begin another cell.
            return True
        if category[0] in "ZC" or category in {"Mn", "Me"} or character in _BLANKS:
            continue
        return unicodedata.normalize("NFKC", character)[0] in _STARTS_A_FORMULA
    return False
