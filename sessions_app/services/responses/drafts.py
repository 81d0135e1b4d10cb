"""How long the messages of a response's input may be.

Clients that keep the history send a model's replies along, which are longer than a message may be.
Where those are stored already, or are not going to be, their length is nobody's concern.
"""

from collections.abc import Sequence

from sessions_app.domain import drafts
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import InvalidInput
from sessions_app.services import turns


def input_check(
    *, messages: Sequence[MessageDraft], places: Sequence[int], is_text: bool = False
) -> None:
    """Raise InvalidInput or TooLarge for what could not even be sent along."""
    for draft, place in zip(messages, places, strict=True):
        path = "input." if is_text else f"input.{place}."
        try:
            drafts.check(draft, max_chars=turns.unstored_max_chars(draft), path=path)
        except InvalidInput as error:
            if is_text:
                error.attr = "input"
            raise
