"""What a model's server says when it refuses, and what can be written otherwise for it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sessions_app.domain.dialect.data import Attached, Extras, Form, Manner, Medium
from sessions_app.domain.dialect.halves import whole

DETAIL_MAX_CHARS = 2_000
_SHORT_CHARS = 200

_SECRETS = re.compile(r"\b(?:sk|key)-[\w*.-]+|Bearer\s+\S+", re.IGNORECASE)
# What a conversation is refused for that another form would not be.
_ABOUT_ROLES = re.compile(
    r"\broles?\b|alternat|system[ _'\"`]*(?:message|role|prompt|instruction)|developer message|"
    r"chat[ _]template|jinja|raise_exception|tool[ _]call[ _]?ids?\b|tool[ _]calls? .{0,40}result|"
    r"tool_use|tool_result|function (?:call|response) (?:turn|part)|"
    r"(?:first|last|final) message|must (?:end|start|begin) with|assistant message|prefill|"
    r"either content or tool_calls",
    re.IGNORECASE | re.DOTALL,
)
# llama.cpp answers 500 when a template raises; any other 500 says nothing of the messages.
_ABOUT_A_TEMPLATE = re.compile(
    r"chat[ _]template|jinja|raise_exception|must alternate|system message must|template error",
    re.IGNORECASE,
)
_EXTRA = r"reasoning_content|reasoning_details|reasoning|extra_content|thought_signature|thinking"
_TOO_MUCH = re.compile(
    r"unsupported|not supported|unknown|unrecognized|not permitted|not allowed|unexpected|"
    r"extra inputs|additional propert|cannot find field|invalid",
    re.IGNORECASE,
)
_MISSING = re.compile(r"missing|must be (?:passed|provided|included)|required|passed back", re.I)
# What a server says of pictures and files.
_ABOUT_ATTACHED = re.compile(
    r"image|vision|picture|multi-?modal|modalit|mmproj|audio|\bfiles?\b|\bpdf\b|download|\burls?\b|"
    r"\buris?\b|base64|part type|content\[\]\.type|content (?:part|type|block)|"
    r"content.{0,60}\b(?:str|string|text)\b|unknown variant",
    re.IGNORECASE | re.DOTALL,
)
# That it takes none at all, rather than that one of them is bad.
_TAKES_NONE = re.compile(
    r"support|not enabled|does not (?:accept|take|allow)|cannot (?:process|handle|read)|text.only|"
    r"not a multi-?modal|mmproj|unknown (?:variant|part)|only .{0,20}(?:base64|data)|"
    r"must be .{0,10}(?:base64|data)|valid string|be a str|be of type str|"
    r"expected .{0,20}(?:str|text)|is not a vision",
    re.IGNORECASE | re.DOTALL,
)
# Which of them it takes none of, where the request has others as well.
_ABOUT_MEDIUM = {
    Medium.ADDRESSES: re.compile(r"\bur[li]s?\b|remote|fetch|download|base64", re.I),
    Medium.FILES: re.compile(
        r"\bfiles?\b|file_(?:data|id|url)|input_file|\bpdfs?\b|document|part type|content\[\]", re.I
    ),
    Medium.SOUNDS: re.compile(r"audio|sound|part type|content\[\]", re.I),
}
_ATTACHED_STATUSES = frozenset({400, 404, 415, 422})
_STRICTER = {Form.OPENAI: Form.STRICT, Form.STRICT: Form.PLAIN}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server's error: its status, and its own words as far as they may be told."""

    status: int
    message: str = ""
    param: str | None = None
    code: str | None = None
    kind: str | None = None


def refusal_of(status: int, body: bytes | str | object, secrets: Sequence[str] = ()) -> Refusal:
    """The error that an answer's body tells, in any of the shapes that servers use.

    `secrets` are cut out of it, and so is what looks like a key.
    """
    error = _error_in(_parsed(body))
    words = {
        name: _tellable(
            str(value), secrets, DETAIL_MAX_CHARS if name == "message" else _SHORT_CHARS
        )
        for name, value in error.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
    return Refusal(
        status=status,
        message=words.get("message", ""),
        param=words.get("param") or None,
        code=words.get("code") or None,
        kind=words.get("type") or None,
    )


def _parsed(body: object) -> Any:
    if not isinstance(body, bytes | str):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _error_in(value: Any) -> dict[str, Any]:
    """`{"error": {…}}`, `[{"error": {…}}]` (Gemini), `{"error": "…"}` (Ollama), `{"message": …}`
    (Mistral, vLLM), `{"detail": […]}` (FastAPI)."""
    if isinstance(value, list):
        return _error_in(value[0]) if value else {}
    if not isinstance(value, dict):
        return {}
    error = value.get("error")
    if isinstance(error, dict):
        metadata = error.get("metadata")
        raw = metadata.get("raw") if isinstance(metadata, dict) else None
        # OpenRouter's own words say no more than that there was an error.
        return error | {"message": f"{error.get('message')}: {raw}"} if raw else error
    if isinstance(error, str):
        return {"message": error}
    detail = value.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        location = detail[0].get("loc")
        param = ".".join(str(each) for each in location[1:]) if isinstance(location, list) else None
        return {"message": str(detail[0].get("msg", "")), "param": param}
    if isinstance(detail, str):
        return {"message": detail}
    if isinstance(value.get("message"), str):
        return {name: value.get(name) for name in ("message", "type", "param", "code")}
    return {}


def _tellable(text: str, secrets: Sequence[str], most: int) -> str:
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    text = _SECRETS.sub("…", whole(text))
    return text if len(text) <= most else text[: most - 1] + "…"


def other_manner(
    manner: Manner,
    refusal: Refusal,
    *,
    has_attachments: bool = False,
    media: Collection[Medium] = (),
) -> Manner | None:
    """How the same conversation is to be written for a server that refused it so; None for errors
    that are not about how it is written. `media` is what was sent beside pictures and text."""
    text = f"{refusal.param or ''} {refusal.message}"
    if has_attachments and manner.attached is Attached.KEPT:
        attached = _other_attached(refusal.status, text)
        medium = _untaken(media, text) if attached is Attached.WRITTEN else None
        if medium is not None and medium not in manner.without:
            return replace(manner, without=manner.without | {medium})
        if attached is not None:
            return replace(manner, attached=attached)
    is_about_a_template = bool(_ABOUT_A_TEMPLATE.search(text))
    if refusal.status not in {400, 422} and not (refusal.status == 500 and is_about_a_template):
        return None
    if refusal.param and not refusal.param.lower().startswith(("message", "contents", "role")):
        return None
    if re.search(_EXTRA, text) or re.search(r"extra inputs|additional propert", text, re.I):
        extras = _other_extras(manner.extras, text)
        if extras is not None:
            return replace(manner, extras=extras)
    if is_about_a_template or _ABOUT_ROLES.search(text):
        stricter = _STRICTER.get(manner.form)
        return replace(manner, form=stricter) if stricter else None
    return None


def _other_attached(status: int, text: str) -> Attached | None:
    """As text, for this time or from now on; None for a refusal about something else.

    llama.cpp answers 500 where a model has no eyes ("image input is not supported").
    """
    if not _ABOUT_ATTACHED.search(text):
        return None
    takes_none = bool(_TAKES_NONE.search(text))
    if status in _ATTACHED_STATUSES:
        return Attached.WRITTEN if takes_none else Attached.ONCE
    return Attached.WRITTEN if status == 500 and takes_none else None


def _untaken(media: Collection[Medium], text: str) -> Medium | None:
    """The medium that a refusal names, of those that were sent; None where it names none."""
    return next(
        (each for each in Medium if each in media and _ABOUT_MEDIUM[each].search(text)), None
    )


def _other_extras(extras: Extras, text: str) -> Extras | None:
    if _MISSING.search(text):
        wanted = Extras.SIGNATURE if "signature" in text else Extras.REASONING
        return wanted if extras is not wanted else None
    if _TOO_MUCH.search(text) and extras is not Extras.NONE:
        return Extras.NONE
    return None
