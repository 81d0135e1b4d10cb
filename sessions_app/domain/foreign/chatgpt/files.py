"""The pictures, sounds and files that a message of ChatGPT's export names.

The archive has them as `file-<id>-<name>`, `file_<id>-sanitized.png`, or in folders.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sessions_app.domain.foreign.files import ForeignFile, file_name, kind_of
from sessions_app.domain.foreign.shapes import listed, mapped, text_or_none
from sessions_app.domain.parts import AUDIO, FILE, IMAGE

_DEPTH_MAX = 4


def files_of(content: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[ForeignFile, ...]:
    """The files of a message: those in its parts first, each once."""
    attachments, parts = listed(metadata.get("attachments")), listed(content.get("parts"))
    if not attachments and not any(isinstance(part, dict) for part in parts):
        return ()
    described = {
        reference: attachment
        for attachment in attachments
        if isinstance(attachment, dict) and (reference := _reference(attachment.get("id")))
    }
    kinds: dict[str, str] = {}
    for part in parts:
        for pointer, kind in _pointers(part, 0):
            kinds.setdefault(pointer, kind)
    named = [
        attachment
        for attachment in attachments
        if isinstance(attachment, dict) and not _reference(attachment.get("id"))
    ]
    # Speech comes as audio and, in a part beside it, as a transcript.
    is_transcribed = any(
        mapped(part).get("content_type") == "audio_transcription" for part in parts
    )
    known = [
        replace(
            _file(reference, described.get(reference, {}), kinds.get(reference)),
            transcribed=is_transcribed and kinds.get(reference) == AUDIO,
        )
        for reference in dict.fromkeys((*kinds, *described))
    ]
    return tuple(known + [_file("", attachment, None) for attachment in named])


def _pointers(part: Any, depth: int) -> Iterator[tuple[str, str]]:
    """The files that a part points to, with their kinds; a part of a call has several inside."""
    if not isinstance(part, dict) or depth > _DEPTH_MAX:
        return
    pointer = _reference(part.get("asset_pointer"))
    if pointer:
        said = text_or_none(part.get("content_type")) or ""
        yield pointer, AUDIO if "audio" in said else IMAGE if "image" in said else FILE
    for inner in part.values():
        for each in inner if isinstance(inner, list) else (inner,):
            yield from _pointers(each, depth + 1)


def _reference(value: Any) -> str:
    """The id in `file-service://file-abc` and `sediment://file_abc?shared=1`."""
    text = text_or_none(value) or ""
    return text.rpartition("://")[2].partition("?")[0].partition("#")[0]


def _file(reference: str, described: Mapping[str, Any], kind: str | None) -> ForeignFile:
    media_type = text_or_none(mapped(described).get("mime_type")) or ""
    name = file_name(described.get("name"))
    return ForeignFile(kind or kind_of(media_type), name, media_type, reference)
