"""The read log: its page, and the log as a file."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date

from sessions_app.domain.review import REASONS, Act, LogFilter, LogLine, Reason
from sessions_app.review import pages, people
from sessions_app.review.conversations import presentation
from sessions_app.review.permissions import May
from sessions_app.services import review
from sessions_app.services.review import About

_FIELDS = ("at", "staff_id", "staff", "act", "session_id", "user_id", "reason", "detail", "about")
_NAMES = ("staff", "user", "session", "act", "reason", "from", "to")


@pages.page(May.AUDIT)
def show(request: HttpRequest) -> HttpResponse:
    """Who read what, when and why. Looking is logged, too."""
    given = _given(request.GET.dict())
    _log(request, Act.LOG_READ, given)
    older, newer = request.GET.get("older", "")[:36], request.GET.get("newer", "")[:36]
    page = review.log_page(sought=_sought(given), older_than=older, newer_than=newer)
    names = people.names(line.user_id for line in page.lines if line.user_id)
    return pages.render(
        request,
        "audit.html",
        {
            "title": "Read log",
            "lines": [(line, names.get(line.user_id, line.user_id)) for line in page.lines],
            "given": given,
            "acts": [(act.value, label) for act, label in presentation.ACTS.items()],
            "reasons": [(reason.value, label) for reason, label in REASONS.items()],
            "older": _link(given, older=page.lines[-1].id) if page.has_older else "",
            "newer": _link(given, newer=page.lines[0].id) if page.has_newer and page.lines else "",
        },
    )


@pages.page(May.AUDIT, methods=("POST",))
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The lines that are filtered for, as CSV or JSON lines."""
    given = _given(request.POST.dict())
    form = "csv" if request.POST.get("form") == "csv" else "jsonl"
    _log(request, Act.LOG_EXPORT, given, form=form)
    lines = review.log_stream(_sought(given))
    body = _as_csv(lines) if form == "csv" else _as_json_lines(lines)
    return StreamingHttpResponse(
        body,
        content_type="text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="read-log.{form}"'},
    )


def _log(request: HttpRequest, act: Act, given: dict[str, str], **more: str) -> None:
    """The person and the conversation in their own fields, where an erasure finds them."""
    part = {name: given[name] for name in ("act", "reason", "from", "to") if name in given}
    about = About(given.get("session", "")[:36], _person(given.get("user", "")), part | more)
    review.log_write(staff=pages.staff_of(request), act=act, now=timezone.now(), about=[about])


def _given(query: dict[str, str]) -> dict[str, str]:
    return {name: query[name].strip()[:200] for name in _NAMES if query.get(name, "").strip()}


def _sought(given: dict[str, str]) -> LogFilter:
    return LogFilter(
        session_id=given.get("session", ""),
        user_id=_person(given.get("user", "")),
        staff_id=_person(given.get("staff", "")),
        act=Act(given["act"]) if given.get("act") in set(Act) else None,
        reason=given["reason"] if given.get("reason") in set(Reason) else "",
        since=_day(given.get("from", "")),
        before=_day(given.get("to", ""), after=True),
    )


def _person(text: str) -> str:
    """An id, of a name if it is one."""
    model: Any = get_user_model()
    try:
        return str(model.objects.get_by_natural_key(text).pk) if text else ""
    except model.DoesNotExist:
        return text


def _day(text: str, *, after: bool = False) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    if day is None:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start + timedelta(days=1) if after else start


def _link(given: dict[str, str], **place: str) -> str:
    return "?" + urlencode({**given, **place})


def _record(line: LogLine) -> dict[str, Any]:
    values = (
        line.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        line.staff.id,
        line.staff.name,
        line.act.value,
        line.session_id,
        line.user_id,
        line.why.reason,
        line.why.detail,
        dict(line.about),
    )
    return {"id": line.id, **dict(zip(_FIELDS, values, strict=True)), "erased": line.erased}


def _as_json_lines(lines: Iterator[LogLine]) -> Iterator[str]:
    for line in lines:
        yield json.dumps(_record(line), ensure_ascii=False) + "\n"


def _as_csv(lines: Iterator[LogLine]) -> Iterator[str]:
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(["id", *_FIELDS, "erased"])
    for line in lines:
        record = _record(line)
        record["about"] = json.dumps(record["about"], ensure_ascii=False)
        writer.writerow([_inert(str(value)) for value in record.values()])
        yield held.getvalue()
        held.seek(0)
        held.truncate()
    yield held.getvalue()


def _inert(cell: str) -> str:
    """A spreadsheet takes what begins like this for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
