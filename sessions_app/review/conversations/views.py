"""The pages of one conversation: the reason for reading it, the transcript, the history."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from sessions_app import clock
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import REVIEW_MESSAGES
from sessions_app.domain.review import Act
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.texts.display import isolated
from sessions_app.review import pages, people
from sessions_app.review.conversations.actions import choices_for
from sessions_app.review.conversations.forms import ReasonForm
from sessions_app.review.conversations.presentation import window_view
from sessions_app.review.permissions import May, allowed
from sessions_app.services import review
from sessions_app.services.review import ReasonNeeded, Transcript


@pages.page(May.VIEW, methods=("GET", "POST"))
def show(request: HttpRequest, session_id: str) -> HttpResponse:
    """The transcript, once today's reason for reading it is in the read log."""
    if request.method == "POST":
        form = ReasonForm(request.POST)
        if form.is_valid():
            review.conversation_open(
                session_id=session_id,
                staff=pages.staff_of(request),
                why=form.why,
                now=clock.now(),
            )
            return HttpResponseRedirect(request.get_full_path())
        return _reason_page(request, session_id, form)
    try:
        transcript = review.conversation_read(
            session_id=session_id,
            staff=pages.staff_of(request),
            at=_number(request, "at"),
            window_at=_number(request, "window"),
            may_unmask=_may_unmask(request),
            now=clock.now(),
        )
    except ReasonNeeded:
        return _reason_page(request, session_id, ReasonForm())
    return _transcript_page(request, transcript)


@pages.page(May.UNMASK, methods=("GET", "POST"))
def unmask(request: HttpRequest, session_id: str) -> HttpResponse:
    """Ask for the reason to see masked addresses and numbers, and lift the mask for today."""
    if not request.user.has_perm(May.VIEW):
        return pages.refused(request)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    form.fields["reason"].label = "Why do you need to see what is masked?"
    if request.method == "POST" and form.is_valid():
        review.conversation_unmask(
            session_id=session_id, staff=pages.staff_of(request), why=form.why, now=clock.now()
        )
        return HttpResponseRedirect(_address(session_id))
    return _reason_page(request, session_id, form, unmasking=True)


@pages.page(May.VIEW)
def history(request: HttpRequest, session_id: str) -> HttpResponse:
    """Who read a conversation, and what staff did with it."""
    header = review.conversation_header(session_id=session_id)
    return pages.render(
        request,
        "history.html",
        {
            "title": "History",
            "session": header.session,
            "lines": [
                (line, "") for line in review.log_of_session(session_id=session_id, limit=200)
            ],
        },
    )


def _may_unmask(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(May.UNMASK))


def _number(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    if not value:
        return None
    if not value.isdecimal() or not 1 <= int(value[:16]) < 2**53:
        raise InvalidInput("The message number is not valid.")
    return int(value[:16])


def _address(session_id: str) -> str:
    return reverse("admin:review_conversation_change", args=[session_id])


def _reason_page(
    request: HttpRequest, session_id: str, form: ReasonForm, *, unmasking: bool = False
) -> HttpResponse:
    header = review.conversation_header(session_id=session_id)
    names = people.names([header.session.user_id])
    return pages.render(
        request,
        "reason.html",
        {
            "title": "Show what is masked" if unmasking else "Open a conversation",
            "form": form,
            "reviewed": header,
            "session": header.session,
            "user_name": names.get(header.session.user_id, header.session.user_id),
            "unmasking": unmasking,
        },
    )


def _transcript_page(request: HttpRequest, transcript: Transcript) -> HttpResponse:
    reviewed = transcript.reviewed
    session = reviewed.session
    now = clock.now()
    notes = review.notes(session_id=session.session_id, limit=20)
    labels = review.topic_labels(reviewed)
    names = people.names([session.user_id])
    context: dict[str, Any] = {
        "title": isolated(transcript.title) or "Untitled conversation",
        "transcript": transcript,
        "reviewed": reviewed,
        "session": session,
        "user_name": names.get(session.user_id, session.user_id),
        "expired": lifecycle.has_expired(session, now=now),
        "notes": notes,
        "flag_note": review.flagged_because(notes) if reviewed.flagged_at else None,
        "timeline": review.timeline(reviewed=reviewed, labels=labels),
        "actions": choices_for(request.user, reviewed),
        "may_note": allowed(request.user, Act.NOTE),
        "may_unmask": _may_unmask(request),
        "window": window_view(transcript.window),
        "turns": review.conversation_turns(session_id=session.session_id),
        "pages": _pages(transcript),
    }
    return pages.render(request, "conversation.html", context)


def _pages(transcript: Transcript) -> dict[str, Any]:
    """The neighbours of a page of messages, by the first message of each."""
    count = transcript.reviewed.session.message_count
    return {
        "count": count,
        "older": transcript.first - REVIEW_MESSAGES if transcript.first > 1 else None,
        "newer": transcript.last + 1 if transcript.last < count else None,
        "newest": count if transcript.last < count else None,
    }
