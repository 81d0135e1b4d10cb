"""Whether a stored document is what its class declares, judged on the dictionary it is read as.

MongoEngine checks documents that it makes, one at a time and slowly. Most reads make none, and a
store may hold what this version does not know: a field of another type after a mishap, a value of a
newer version after a rollback. `first_problem` finds either by the declarations, in microseconds.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Protocol, cast

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    ListField,
    LongField,
    StringField,
)
from mongoengine.base import BaseField

from sessions_app.documents import versions
from sessions_app.documents.base import SchemaVersionField, StoredDocument, fields_of

# Says what is wrong with a value; "" where nothing is.
_Check = Callable[[Any], str]
# Before its subclasses would matter: BSON's 64-bit integers are a class of their own.
_TYPES: Mapping[type[BaseField], tuple[type, ...]] = {
    StringField: (str,),
    IntField: (int,),
    LongField: (int,),
    DateTimeField: (datetime,),
    BooleanField: (bool,),
    BinaryField: (bytes,),
    DictField: (dict,),
}
_Declared = type[StoredDocument] | type[EmbeddedDocument]


class Checker:
    """Checks stored documents of one class; `bounds` also those of lengths and numbers.

    A reader needs the types and the known values. The bounds are an audit's: a limit that has been
    lowered makes nothing unreadable.
    """

    def __init__(self, declared: _Declared, *, bounds: bool) -> None:
        self._checks: dict[str, _Check] = {}
        self._required: list[str] = []
        for field in fields_of(declared).values():
            # A primary key is stored as `_id`.
            stored_name = field.db_field
            self._checks[stored_name] = _check_of(field, bounds)
            if field.required or field.primary_key:
                self._required.append(stored_name)

    def first_problem(self, stored: Any, *, only: Collection[str] | None = None) -> str:
        """What is wrong with the first field that is wrong, "" when none is.

        With `only`, these fields alone are judged. What the class does not declare never is: a
        newer version may have written it.
        """
        if not isinstance(stored, dict):
            return f"is {_kind(stored)}, not a document"
        checks = self._checks
        for name, value in stored.items():
            check = checks.get(name)
            if check is None or (only is not None and name not in only):
                continue
            if problem := check(value):
                return f"{name} {problem}"
        for name in self._required:
            if name not in stored and (only is None or name in only):
                return f"{name} is missing"
        return ""

    def sound_part(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Those fields of a document that are as they are declared."""
        return {
            name: value
            for name, value in stored.items()
            if (check := self._checks.get(name)) is not None and not check(value)
        }


class _Checkers(Protocol):
    def __call__(self, document: _Declared, /) -> Checker: ...


def _readable(document: _Declared) -> Checker:
    """Checks what a reader of such a document relies on."""
    return Checker(document, bounds=False)


def _declared(document: _Declared) -> Checker:
    """Checks all that is declared of such a document."""
    return Checker(document, bounds=True)


# Made once for each class, which mypy does not take for hashable.
readable = cast(_Checkers, cache(_readable))
declared = cast(_Checkers, cache(_declared))


def _check_of(field: BaseField, bounds: bool) -> _Check:
    if isinstance(field, EmbeddedDocumentField):
        return Checker(field.document_type, bounds=bounds).first_problem
    if isinstance(field, ListField):
        return _list_check(field, bounds)
    if isinstance(field, SchemaVersionField):
        return _version_problem
    allowed = next((types for kind, types in _TYPES.items() if isinstance(field, kind)), None)
    if allowed is None:
        return lambda _: ""
    return _scalar_check(field, allowed, bounds)


def _version_problem(value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return f"is {_kind(value)}, not a number"
    if value < versions.FIRST:
        return f"is out of bounds: {value}"
    if value > versions.NEWEST_READABLE:
        return f"is {value}, of a newer release; this one reads up to {versions.NEWEST_READABLE}"
    return ""


def _list_check(field: ListField, bounds: bool) -> _Check:
    inner = _check_of(field.field, bounds) if field.field is not None else lambda _: ""
    most = field.max_length if bounds else None

    def check(value: Any) -> str:
        if not isinstance(value, list):
            return f"is {_kind(value)}, not a list"
        if most is not None and len(value) > most:
            return f"holds {len(value)}, at most {most} are allowed"
        for position, each in enumerate(value):
            if problem := inner(each):
                return f"[{position}] {problem}"
        return ""

    return check


def _scalar_check(field: BaseField, allowed: tuple[type, ...], bounds: bool) -> _Check:
    choices = frozenset(field.choices) if field.choices else None
    longest = getattr(field, "max_length", None) if bounds else None
    low = getattr(field, "min_value", None) if bounds else None
    high = getattr(field, "max_value", None) if bounds else None
    is_number = int in allowed

    def check(value: Any) -> str:
        # A truth value is an integer to Python, not to BSON.
        is_right = isinstance(value, allowed) and not (is_number and isinstance(value, bool))
        if not is_right:
            return f"is {_kind(value)}, not {_name(allowed[0])}"
        if choices is not None and value not in choices:
            return f"is unknown: {value!r:.60}"
        if longest is not None and len(value) > longest:
            return f"has {len(value)} characters, at most {longest} are allowed"
        if (low is not None and value < low) or (high is not None and value > high):
            return f"is out of bounds: {value}"
        return ""

    return check


def _kind(value: Any) -> str:
    return "null" if value is None else _name(type(value))


def _name(kind: type) -> str:
    return {
        str: "a text", int: "a number", float: "a fraction", bool: "true or false",
        datetime: "a time", dict: "a document", list: "a list", bytes: "binary",
    }.get(kind, kind.__name__)  # fmt: skip
