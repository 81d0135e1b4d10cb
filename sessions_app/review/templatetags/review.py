"""Filters of the templates; each gives text, which the template escapes."""

from datetime import UTC, datetime
from typing import Any

from django import template

from sessions_app.domain.review import REASONS, Act, LogLine, Reason
from sessions_app.review.conversations import presentation
from sessions_app.services.review import Entry, MessageFate, Transcript

register = template.Library()


@register.filter
def act(value: Act) -> str:
    """What somebody did."""
    return presentation.ACTS[value]


@register.filter
def why(line: LogLine) -> str:
    """Why they did."""
    return presentation.why(line)


@register.filter
def reading(transcript: Transcript) -> str:
    """Why this page is being read."""
    why = transcript.why
    said = REASONS[Reason(why.reason)]
    return f"{said} ({why.detail})" if why.detail else said


@register.filter
def about(line: LogLine) -> str:
    """What of it."""
    return presentation.about(line)


@register.filter
def event(entry: Entry) -> str:
    """What happened."""
    return presentation.event(entry)


@register.filter
def reason(fate: MessageFate) -> str:
    """Why a message is in a window, or is not, where that is known."""
    return f": {presentation.decision(fate.reason)}" if fate.reason else ""


@register.filter
def number(value: Any) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,}"


@register.filter
def iso(moment: datetime) -> str:
    """A time for machines."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
