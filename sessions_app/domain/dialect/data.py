"""What the writing of a request takes and gives, and how it records each change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from sessions_app.domain.parts import Part, Parts, is_attachment


class Form(StrEnum):
    """How strictly a server reads a conversation, from the most lenient to the strictest.

    STRICT is for chat templates that want the system message first and roles that alternate;
    PLAIN, further, for those that know the roles `user` and `assistant` alone.
    """

    OPENAI = "openai"
    STRICT = "strict"
    PLAIN = "plain"


class Extras(StrEnum):
    """What a server wants of the members beside a message, such as `reasoning_content`."""

    KEPT = "kept"
    NONE = "none"
    # Of every assistant's message, empty where there is none.
    REASONING = "reasoning"
    # Of every step's first call, a stand-in where there is none.
    SIGNATURE = "signature"


class Attached(StrEnum):
    """How pictures and files are sent: as such, or as lines of text.

    ONCE is for an answer that a picture stood in the way of; it is not remembered.
    """

    KEPT = "kept"
    WRITTEN = "written"
    ONCE = "once"


class Medium(StrEnum):
    """What a server may take none of although it takes pictures: then that alone is sent as text.

    ADDRESSES are those of pictures, which the server would have to fetch.
    """

    ADDRESSES = "addresses"
    FILES = "files"
    SOUNDS = "sounds"


def medium_of(sent_part: Part) -> Medium | None:
    """What a part on the wire is; None for text, and for a picture with its bytes."""
    match sent_part["type"]:
        case "file":
            return Medium.FILES
        case "input_audio":
            return Medium.SOUNDS
        case "image_url":
            url = sent_part["image_url"]["url"]
            return Medium.ADDRESSES if url.lower().startswith(("http:", "https:")) else None
    return None


@dataclass(frozen=True, slots=True)
class Manner:
    """What has been learned of one model's server: how it wants conversations written."""

    form: Form = Form.OPENAI
    extras: Extras = Extras.KEPT
    attached: Attached = Attached.KEPT
    without: frozenset[Medium] = frozenset()


class SentAs(StrEnum):
    """In which other form a message is sent than it is stored; the gravest first."""

    LEFT_OUT = "left_out"
    CUT = "cut"
    REPAIRED = "repaired"
    JOINED = "joined"
    RENAMED = "renamed"
    MOVED = "moved"
    PLACEHOLDER = "placeholder"


class Change(NamedTuple):
    """How the stored message `seq` is sent, and why."""

    seq: int
    sent_as: SentAs
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a planned window, as it is stored; `seq` None for what is stored nowhere.

    `role` is that of the wire, `developer` included. `extra` holds further members of the message,
    `call_extra` those of its calls by their ids; they are sent within the tool loop they belong to.
    `parts` are set where it is more than text.
    """

    role: str
    content: str
    seq: int | None = None
    name: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    tool_call_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    call_extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Parts = ()


class Sent(NamedTuple):
    """One message of a request: what it says, the seqs it is made of, whether it is as stored."""

    message: dict[str, Any]
    seqs: tuple[int, ...]
    as_stored: bool


@dataclass(frozen=True, slots=True)
class Request:
    """The messages of a request, and what was changed; `names` leads from sent to known names.

    `files_in_words` has the text of each file sent in its place.
    """

    sent: tuple[Sent, ...]
    changes: tuple[Change, ...]
    names: Mapping[str, str]
    files_in_words: bool = False

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages in the form of the chat completions wire."""
        return [each.message for each in self.sent]

    @property
    def has_attachments(self) -> bool:
        """Whether a picture or a file is sent with it."""
        return any(isinstance(each.message["content"], list) for each in self.sent)

    @property
    def media(self) -> frozenset[Medium]:
        """What is sent with it beside pictures and text."""
        contents = (each.message["content"] for each in self.sent)
        sent_parts = (part for each in contents if isinstance(each, list) for part in each)
        return frozenset(medium for part in sent_parts if (medium := medium_of(part)) is not None)

    def known_name(self, sent_name: str) -> str:
        """The tool that the model means by the name that it was told."""
        return self.names.get(sent_name, sent_name)


class Notes:
    """The changes, gathered while a request is written: of one kind one a message."""

    def __init__(self) -> None:
        self._changes: dict[tuple[int, SentAs], str] = {}

    def add(self, seqs: Iterable[int], sent_as: SentAs, reason: str) -> None:
        """Note what happens to these messages; what is stored nowhere has no seq."""
        for seq in seqs:
            self._changes.setdefault((seq, sent_as), reason)

    def all(self) -> tuple[Change, ...]:
        """Every change in conversation order, the gravest of a message first."""
        gravity = list(SentAs)
        known = [Change(seq, sent_as, reason) for (seq, sent_as), reason in self._changes.items()]
        gone = {change.seq for change in known if change.sent_as is SentAs.LEFT_OUT}
        shown = [c for c in known if c.seq not in gone or c.sent_as is SentAs.LEFT_OUT]
        return tuple(sorted(shown, key=lambda change: (change.seq, gravity.index(change.sent_as))))


@dataclass(slots=True)
class Line:
    """A message while it is being written; `position` is its place in the window."""

    role: str
    text: str
    position: int
    seqs: list[int] = field(default_factory=list)
    name: str | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    call_id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    call_extra: dict[str, dict[str, Any]] = field(default_factory=dict)
    as_stored: bool = True
    # Of a message that is more than text, what is sent in place of the text.
    content: list[dict[str, Any]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Give it another text than it was stored with; what is attached stays, behind the text."""
        self.text, self.as_stored = text, False
        self._attach(self.content)

    def take_in(self, other: Line, text: str) -> None:
        """Become one with `other`, and say `text`."""
        self.seqs += other.seqs
        self.content = [*self.content, *other.content]
        self.say(text)

    def _attach(self, content: Sequence[dict[str, Any]]) -> None:
        attached = [each for each in content if is_attachment(each)]
        text = {"type": "text", "text": self.text}
        self.content = [text, *attached] if attached else []
