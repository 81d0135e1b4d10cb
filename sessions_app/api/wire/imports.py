"""`/session/import` on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from sessions_app.api.wire.messages import timestamp
from sessions_app.domain.imports import ImportJob, ImportStatus
from sessions_app.domain.texts.display import isolated
from sessions_app.http.input import RefusesUnknown, StrictCharField, StrictChoiceField, values_of
from sessions_app.services.transfer import FORMATS

Data = dict[str, Any]


class ImportQuery(RefusesUnknown):
    """What is said of the file beside it."""

    name = StrictCharField(required=False, allow_blank=True)
    format = StrictChoiceField(choices=FORMATS, default="auto")
    forks = StrictChoiceField(choices=["0", "1"], default="0")


class ImportOutput(serializers.Serializer[Data]):
    """How an import stands; `fraction` is how much of the file has been read."""

    import_id = serializers.CharField()
    status = serializers.ChoiceField(choices=values_of(ImportStatus))
    format = serializers.CharField(allow_blank=True)
    fraction = serializers.FloatField(allow_null=True)
    started_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    changed = serializers.DictField(child=serializers.IntegerField())
    left = serializers.DictField(child=serializers.IntegerField())
    refused = serializers.ListField(child=serializers.CharField())
    session_ids = serializers.ListField(child=serializers.CharField())
    problem = serializers.CharField(allow_blank=True)


def import_job(job: ImportJob, *, now: datetime) -> Data:
    """An import of the wire contract."""
    return {
        "import_id": job.import_id,
        "status": job.standing(now).value,
        "format": job.format,
        "fraction": job.fraction,
        "started_at": timestamp(job.started_at),
        "updated_at": timestamp(job.updated_at),
        "finished_at": timestamp(job.finished_at) if job.finished_at else None,
        "counts": dict(job.counts),
        # Names of conversations and roles are the file's, and are shown within sentences.
        "changed": _isolated(job.changed),
        "left": _isolated(job.left),
        "refused": list(map(isolated, job.refused)),
        "session_ids": list(job.session_ids),
        "problem": isolated(job.said(now)),
    }


def _isolated(counts: Mapping[str, int]) -> dict[str, int]:
    return {isolated(name): count for name, count in counts.items()}
