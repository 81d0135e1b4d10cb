"""Content that is text or a list of blocks, as the wires of OpenAI and of Anthropic have it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sessions_app.domain.foreign.files import (
    ForeignFile,
    file_name,
    kind_of,
    of_base64,
    of_url,
)
from sessions_app.domain.foreign.shapes import as_text, mapped, text_or_none
from sessions_app.domain.parts import AUDIO, FILE, IMAGE

# Calls stand beside the content as well, so as blocks they are not lost.
_CALLS = frozenset({"tool_use", "tool_call", "function_call", "tool_call_chunk"})
_KINDS = {
    "image": IMAGE, "image_url": IMAGE, "input_image": IMAGE, "output_image": IMAGE,
    "file": FILE, "input_file": FILE, "document": FILE, "audio": AUDIO, "input_audio": AUDIO,
}  # fmt: skip


def read_blocks(
    content: Any, left: Counter[str], named: str = "content block"
) -> tuple[str, tuple[ForeignFile, ...]]:
    """The text and the files of a message's content; other blocks are counted as `named`."""
    if not isinstance(content, list):
        return as_text(content) if content else "", ()
    texts: list[str] = []
    files: list[ForeignFile] = []
    for block in content:
        text = _text(block)
        if text is not None:
            texts.append(text)
            continue
        kind = as_text(block.get("type")) if isinstance(block, dict) else type(block).__name__
        file = _file(block, kind) if kind in _KINDS else None
        if file is not None:
            files.append(file)
        elif kind not in _CALLS:
            left[f"{named}: {kind}"] += 1
    return "\n".join(texts), tuple(files)


def _text(block: Any) -> str | None:
    if isinstance(block, str):
        return block
    if not isinstance(block, dict):
        return None
    # A refusal is what the model said.
    text = block.get("text", block.get("refusal"))
    return text if isinstance(text, str) else None


def _file(block: Mapping[str, Any], kind: str) -> ForeignFile | None:
    """A file by its address, its bytes or its id, in any of the forms that are known."""
    inner = block.get(kind)
    described = mapped(inner) or mapped(block.get("source")) or block
    name = file_name(described.get("filename") or described.get("file_name") or block.get("name"))
    media_type = _media_type(described)
    of_kind = kind_of(media_type, _KINDS[kind])
    address = inner if isinstance(inner, str) else described.get("url") or block.get("image_url")
    if isinstance(address, dict):
        address = address.get("url")
    data = described.get("file_data") or described.get("data") or described.get("base64")
    if isinstance(data, str) and not data.startswith("data:"):
        return of_base64(data, of_kind, name, media_type)
    if (file := of_url(data or address, kind=of_kind, name=name)) is not None:
        return file
    reference = text_or_none(described.get("file_id")) or text_or_none(described.get("id")) or ""
    return ForeignFile(of_kind, name, media_type, reference) if name or reference else None


def _media_type(described: Mapping[str, Any]) -> str:
    names = ("media_type", "mime_type", "mimeType")
    said = next((text for name in names if (text := text_or_none(described.get(name)))), "")
    form = text_or_none(described.get("format"))
    return said or (f"audio/{ {'mp3': 'mpeg'}.get(form, form) }" if form else "")
