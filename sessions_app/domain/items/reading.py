"""Items as drafts of messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import DuplicateItem, InvalidInput
from sessions_app.domain.items import modelled, opaque
from sessions_app.domain.items.answers import Answer
from sessions_app.domain.items.data import ItemBatch, Kind
from sessions_app.domain.items.parts import ReadPart
from sessions_app.domain.limits import ITEM_ID_MAX_CHARS
from sessions_app.domain.texts import text


def read_items(items: Sequence[Any], path: str, read_part: ReadPart | None = None) -> ItemBatch:
    """Drafts of the messages that `items` are, in order.

    Thoughts, the text behind them and the calls behind that are one answer of a model and become
    one draft. `path` is what the items are called in errors. `read_part` reads pictures, files and
    sounds; without it they are kept and no model is told of them. Raises InvalidInput naming the
    member.
    """
    drafts: list[MessageDraft] = []
    positions: list[int] = []
    ids: set[str] = set()
    answer = Answer()

    def finish() -> None:
        if not answer.is_empty:
            drafts.append(answer.finish())

    for position, item in enumerate(items):
        item_path = f"{path}.{position}"
        kind = _kind(item, item_path)
        _take_id(item, ids, item_path)
        part = modelled.answer_part(kind, item, item_path, read_part)
        if part is not None:
            if not answer.takes(part):
                finish()
            if answer.is_empty:
                positions.append(position)
            answer.take(part)
            continue
        finish()
        positions.append(position)
        drafts.append(
            modelled.message(item, item_path, read_part)
            if kind == Kind.MESSAGE
            else modelled.output(item, item_path, read_part)
            if kind in {Kind.OUTPUT, Kind.CUSTOM_OUTPUT}
            else opaque.draft(item, item_path)
        )
    finish()
    return ItemBatch(drafts, positions, frozenset(ids))


def _kind(item: Any, place: str) -> str:
    """The item's type, which a message may leave out."""
    if not isinstance(item, Mapping):
        raise InvalidInput("Expected an object.", attr=place)
    kind = item.get("type")
    if kind is None and "role" in item:
        return Kind.MESSAGE
    if not isinstance(kind, str) or not kind:
        raise InvalidInput("Expected the item's type.", attr=f"{place}.type")
    return kind


def _take_id(item: Mapping[str, Any], ids: set[str], place: str) -> None:
    item_id = item.get("id")
    if item_id is None:
        return
    if not isinstance(item_id, str) or not 1 <= len(item_id) <= ITEM_ID_MAX_CHARS:
        raise InvalidInput(
            f"Expected text of 1 to {ITEM_ID_MAX_CHARS} characters.", attr=f"{place}.id"
        )
    if not text.is_text(item_id):
        raise InvalidInput("Control characters and lone surrogates are not allowed.", attr=place)
    if item_id in ids:
        raise DuplicateItem(item_id, attr=f"{place}.id")
    ids.add(item_id)
