"""Halves of characters: some servers cut an emoji's two UTF-16 units into two pieces of a stream.

JSON can carry a half (`"\\ud83d"`); UTF-8 cannot, nor can what is stored or sent on.
"""


def whole(text: str) -> str:
    """The text with halves joined; a half that stays alone becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Halves:
    """Pieces of a text as whole characters: a first half waits for the second."""

    def __init__(self) -> None:
        self._waiting = ""

    def join(self, piece: str) -> str:
        """What can be said now that `piece` has come."""
        text, self._waiting = self._waiting + piece, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._waiting = text[:-1], text[-1]
        return whole(text)

    def rest(self) -> str:
        """What is left now that nothing more comes."""
        text, self._waiting = self._waiting, ""
        return whole(text)
