"""What a message with pictures and files is found by."""

from collections.abc import Mapping, Sequence
from typing import Any

from sessions_app.domain.parts.addresses import ids_in

Part = Mapping[str, Any]


def worded(
    content: str,
    parts: Sequence[Part] | None,
    texts: Mapping[str, str] | None = None,
    *,
    most: int = 0,
) -> str:
    """A message's text with the names and alt texts of what is attached.

    `texts` are those of files, by their attachments: of all together, `most` characters follow.
    """
    lines = [content]
    for part in parts or ():
        facts = (part.get("name"), part.get("alt"))
        lines += [fact for fact in facts if isinstance(fact, str) and fact and fact not in content]
    for attachment_id in ids_in(parts) if texts else ():
        text = (texts or {}).get(attachment_id, "")[:most]
        most -= len(text)
        if text:
            lines.append(text)
    return "\n".join(filter(None, lines))
