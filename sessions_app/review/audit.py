"""The read log as a page, and as a file."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.dateparse import parse_date

from sessions_app import clock
from sessions_app.domain.review import REASONS, Act, LogFilter, LogLine, Reason
from sessions_app.domain.texts.display import cell
from sessions_app.review import pages, people
from sessions_app.review.conversations import presentation
from sessions_app.review.permissions import May
from sessions_app.services import review
from sessions_app.services.review import About

_FIELDS = ("at", "staff_id", "staff", "act", "session_id", "user_id", "reason", "detail", "about")
_NAMES = ("staff", "user", "session", "act", "reason", "from", "to")


@pages.page(May.AUDIT)
def show(request: HttpRequest) -> HttpResponse:
    """Who read what, when and why. Reading the log is logged, too."""
    parameters = _parameters(request.GET.dict())
    _log(request, Act.LOG_READ, parameters)
    older, newer = request.GET.get("older", "")[:36], request.GET.get("newer", "")[:36]
    page = review.log_page(sought=_log_filter(parameters), older_than=older, newer_than=newer)
    names = people.names(line.user_id for line in page.lines if line.user_id)
    return pages.render(
        request,
        "audit.html",
        {
            "title": "Read log",
            "lines": [(line, names.get(line.user_id, line.user_id)) for line in page.lines],
            "parameters": parameters,
            "acts": [(act.value, label) for act, label in presentation.ACTS.items()],
            "reasons": [(reason.value, label) for reason, label in REASONS.items()],
            "older": _link(parameters, older=page.lines[-1].id) if page.has_older else "",
            "newer": _link(parameters, newer=page.lines[0].id)
            if page.has_newer and page.lines
            else "",
        },
    )


@pages.page(May.AUDIT, methods=("POST",))
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered lines, as CSV or JSON lines."""
    parameters = _parameters(request.POST.dict())
    form = "csv" if request.POST.get("form") == "csv" else "jsonl"
    _log(request, Act.LOG_EXPORT, parameters, form=form)
    lines = review.log_stream(_log_filter(parameters))
    body = _as_csv(lines) if form == "csv" else _as_json_lines(lines)
    return StreamingHttpResponse(
        body,
        content_type="text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="read-log.{form}"'},
    )


def _log(request: HttpRequest, act: Act, parameters: dict[str, str], **more: str) -> None:
    names = ("act", "reason", "from", "to")
    filters = {name: parameters[name] for name in names if name in parameters}
    # User and session go into their own fields, where the erasure of a user finds them.
    session_id, user_id = parameters.get("session", "")[:36], _user_id(parameters.get("user", ""))
    about = About(session_id, user_id, filters | more)
    review.log_write(staff=pages.staff_of(request), act=act, now=clock.now(), about=[about])


def _parameters(query: dict[str, str]) -> dict[str, str]:
    return {name: query[name].strip()[:200] for name in _NAMES if query.get(name, "").strip()}


def _log_filter(parameters: dict[str, str]) -> LogFilter:
    return LogFilter(
        session_id=parameters.get("session", ""),
        user_id=_user_id(parameters.get("user", "")),
        staff_id=_user_id(parameters.get("staff", "")),
        act=Act(parameters["act"]) if parameters.get("act") in set(Act) else None,
        reason=parameters["reason"] if parameters.get("reason") in set(Reason) else "",
        since=_day(parameters.get("from", "")),
        before=_day(parameters.get("to", ""), after=True),
    )


def _user_id(text: str) -> str:
    """The id of the user with this name; other text is taken for an id."""
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


def _link(parameters: dict[str, str], **cursor: str) -> str:
    return "?" + urlencode({**parameters, **cursor})


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
    buffer = io.StringIO()
    # All in quotes: a program that parts cells at semicolons would find others within a cell.
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", *_FIELDS, "erased"])
    for line in lines:
        record = _record(line)
        record["about"] = json.dumps(record["about"], ensure_ascii=False)
        writer.writerow([cell(str(value)) for value in record.values()])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()
