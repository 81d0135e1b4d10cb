"""Which of a user's sessions are meant, in a query or a body, and what became of many."""

from typing import Any

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from sessions_app.api.wire.messages import NewestQuery
from sessions_app.domain import limits
from sessions_app.domain.data import SessionFilter, Status
from sessions_app.http.input import (
    MetadataField,
    NumeralField,
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
    values_of,
)
from sessions_app.services.bulk import BulkResult
from sessions_app.services.filters import BY_METADATA, BY_TAG, Counted

Data = dict[str, Any]
_POSSIBLE = "status, tag, pinned, temporary and metadata.KEY"
_NEVER_EMPTY = ("status", "tag", "pinned", "temporary", "by", "dry_run")
_TRUTHS = {"true": True, "false": False}


class FilterQuery(RefusesUnknown):
    """Filters, all of which a session has to meet. Each has an index; others are refused."""

    default_error_messages = {
        "unknown_parameter": f"There is no such member here; sessions are filtered by {_POSSIBLE}."
    }

    status = StrictChoiceField(choices=values_of(Status), default=Status.ACTIVE.value)
    tag = StrictCharField(max_length=limits.TAG_MAX_CHARS, required=False)
    pinned = StrictChoiceField(choices=list(_TRUTHS), required=False)
    temporary = StrictChoiceField(
        choices=list(_TRUTHS),
        required=False,
        help_text="Temporary sessions alone; they are in no other list.",
    )

    def to_internal_value(self, data: Any) -> Data:
        """The members by their names, and those that begin with `metadata.` together."""
        # DRF passes over what a query leaves empty; of a filter that would mean more sessions.
        if empty := [name for name in _NEVER_EMPTY if data.get(name) == ""]:
            raise serializers.ValidationError(
                {key: [ErrorDetail("This field may not be blank.", "blank")] for key in empty}
            )
        named = {str(name) for name in data if str(name).startswith(BY_METADATA)}
        values: Data = super().to_internal_value(_without(data, named))
        metadata = {name.removeprefix(BY_METADATA): data[name] for name in named}
        try:
            values["metadata"] = MetadataField().to_internal_value(metadata)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({min(named): error.detail}) from error
        return values


def _without(data: Any, names: set[str]) -> Any:
    """The query without these members; raises ValidationError for one that stands twice."""
    if not isinstance(data, QueryDict):
        return {name: value for name, value in data.items() if name not in names}
    for name in sorted(names):
        if len(data.getlist(name)) > 1:
            detail = str(RefusesUnknown.default_error_messages["repeated_parameter"])
            raise serializers.ValidationError({name: [ErrorDetail(detail, "repeated_parameter")]})
    rest = data.copy()
    for name in names:
        del rest[name]
    return rest


class ListQuery(FilterQuery, NewestQuery):
    """Which of the caller's sessions to show."""

    expiring_within = NumeralField(
        min_value=1,
        max_value=limits.TTL_MAX_SECONDS,
        required=False,
        help_text="Only those that expire within so many seconds, soonest first.",
    )
    cursor = StrictCharField(max_length=500, required=False)

    def validate(self, attrs: Data) -> Data:
        """Refuse `expiring_within` for archived sessions, and beside what has another index."""
        if "expiring_within" not in attrs:
            return attrs
        if attrs["status"] == Status.ARCHIVED.value:
            raise serializers.ValidationError(
                {"expiring_within": "An archived session does not expire."}
            )
        if attrs["metadata"] or attrs.keys() & {"tag", "pinned", "temporary"}:
            raise serializers.ValidationError(
                {"expiring_within": f"Not together with another filter; {_POSSIBLE} go together."}
            )
        return attrs


class CountQuery(FilterQuery):
    """Which of the caller's sessions to count, and by which values."""

    by = StrictCharField(
        max_length=len(BY_METADATA) + limits.METADATA_KEY_MAX_CHARS,
        required=False,
        help_text="Also count each value: `tag`, or `metadata.` and a key.",
    )

    def validate_by(self, value: str) -> str:
        """Refuse what has no index."""
        if value != BY_TAG and not value.removeprefix(BY_METADATA):
            raise serializers.ValidationError("Expected tag, or metadata.KEY.")
        if value != BY_TAG and not value.startswith(BY_METADATA):
            raise serializers.ValidationError("Expected tag, or metadata.KEY.")
        return value


class BulkQuery(FilterQuery):
    """Which of the caller's sessions are meant; at least one filter."""

    status = StrictChoiceField(choices=values_of(Status), required=False)
    limit = NumeralField(
        min_value=1, max_value=limits.BULK_MAX_SESSIONS, default=limits.BULK_MAX_SESSIONS
    )
    dry_run = StrictChoiceField(choices=list(_TRUTHS), default="false")


class BulkInput(RefusesUnknown):
    """Which of the caller's sessions are meant: by their ids, or by at least one filter."""

    session_ids = serializers.ListField(
        child=StrictCharField(max_length=limits.SESSION_NAME_MAX_CHARS),
        min_length=1,
        max_length=limits.BULK_MAX_SESSIONS,
        required=False,
    )
    status = StrictChoiceField(choices=values_of(Status), required=False)
    tag = StrictCharField(max_length=limits.TAG_MAX_CHARS, required=False)
    pinned = StrictBooleanField(required=False)
    temporary = StrictBooleanField(required=False)
    metadata = MetadataField(required=False)
    limit = StrictIntegerField(
        min_value=1, max_value=limits.BULK_MAX_SESSIONS, default=limits.BULK_MAX_SESSIONS
    )
    dry_run = StrictBooleanField(default=False)

    def validate(self, attrs: Data) -> Data:
        """Either ids or filters."""
        filters = sorted(attrs.keys() & FILTERS)
        if "session_ids" in attrs and filters:
            raise serializers.ValidationError({filters[0]: "Not together with session_ids."})
        return attrs


FILTERS = frozenset({"status", "tag", "pinned", "temporary", "metadata"})


class OutcomeOutput(serializers.Serializer[Data]):
    """What became of one session."""

    session_id = StrictCharField()
    result = serializers.ChoiceField(
        choices=["deleted", "archived", "held", "temporary", "not_found"]
    )


class BulkOutput(serializers.Serializer[Data]):
    """What became of many sessions.

    `matched` were meant, up to a bound, of which `held` stay because of a legal hold. With
    `has_more`, the same request goes on with others.
    """

    matched = StrictIntegerField(min_value=0)
    held = StrictIntegerField(min_value=0)
    dry_run = StrictBooleanField()
    has_more = StrictBooleanField()
    results = OutcomeOutput(many=True)


class ValueOutput(serializers.Serializer[Data]):
    """How many sessions have a value."""

    value = StrictCharField(allow_blank=True)
    count = StrictIntegerField(min_value=1)


class CountOutput(serializers.Serializer[Data]):
    """How many sessions there are; with `complete` false there are more than are counted."""

    count = StrictIntegerField(min_value=0)
    complete = StrictBooleanField()
    values = ValueOutput(many=True, required=False)


def session_filter(data: Data) -> SessionFilter:
    """Validated filters, of a query or a body."""
    return SessionFilter(
        status=Status(data.get("status", Status.ACTIVE.value)),
        tag=data.get("tag"),
        metadata=data.get("metadata", {}),
        pinned=_truth(data.get("pinned")),
        temporary=bool(_truth(data.get("temporary"))),
    )


def says_which(data: Data) -> bool:
    """Whether at least one filter is there: without any, all sessions would be meant."""
    return bool(data.get("metadata") or data.keys() & (FILTERS - {"metadata"}))


def is_dry(data: Data) -> bool:
    """Whether nothing is to be done."""
    return bool(_truth(data.get("dry_run")))


def _truth(value: Any) -> bool | None:
    return _TRUTHS[value] if isinstance(value, str) else value


def bulk(result: BulkResult, *, dry_run: bool) -> Data:
    """What became of many sessions."""
    return {
        "matched": result.matched,
        "held": result.held,
        "dry_run": dry_run,
        "has_more": result.has_more,
        "results": [
            {"session_id": session_id, "result": outcome} for session_id, outcome in result.results
        ],
    }


def counted(counts: Counted) -> Data:
    """A number of sessions, and of each value where that was asked for."""
    written: Data = {"count": counts.count, "complete": counts.complete}
    if counts.values is not None:
        written["values"] = [
            {"value": each.value, "count": each.sessions} for each in counts.values
        ]
    return written
