"""Template filters. Each returns text, which the template escapes."""

from datetime import UTC, datetime
from typing import Any

from django import template

from sessions_app.domain.review import REASONS, Act, LogLine, Reason
from sessions_app.domain.texts import display
from sessions_app.review.conversations import presentation
from sessions_app.services.review import Entry, MessageFate, Transcript

register = template.Library()


@register.filter
def isolated(value: Any) -> str:
    """Text of a user so that it does not turn around the line that it stands in."""
    return display.isolated(str(value))


@register.filter
def act(value: Act) -> str:
    return presentation.ACTS[value]


@register.filter
def why(line: LogLine) -> str:
    return presentation.why(line)


@register.filter
def reading(transcript: Transcript) -> str:
    """The reason that was given for reading this transcript."""
    why = transcript.why
    label = REASONS[Reason(why.reason)]
    return f"{label} ({why.detail})" if why.detail else label


@register.filter
def about(line: LogLine) -> str:
    return presentation.about(line)


@register.filter
def event(entry: Entry) -> str:
    return presentation.event(entry)


@register.filter
def reason(fate: MessageFate) -> str:
    return f": {presentation.decision(fate.reason)}" if fate.reason else ""


@register.filter
def chips(changes: Any) -> list[dict[str, str]]:
    """The filters in use of one of Django's own lists, each with the link that takes it away."""
    used = []
    for spec in changes.filter_specs:
        choices = list(spec.choices(changes))
        chosen = next((each for each in choices[1:] if each["selected"]), None)
        if chosen:
            label = f"{str(spec.title).capitalize()}: {chosen['display']}"
            used.append({"label": label, "query": choices[0]["query_string"]})
    if changes.query:
        address = changes.get_query_string(remove=["q"])
        used.insert(0, {"label": f"Search: {changes.query}", "query": address})
    return used


@register.filter
def number(value: Any) -> str:
    return f"{value:,}"


@register.filter
def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
