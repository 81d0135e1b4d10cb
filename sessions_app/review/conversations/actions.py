"""Actions on one or many conversations: choose, confirm, carry out, report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from sessions_app import clock
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import REVIEW_BULK
from sessions_app.domain.review import Act, Reviewed
from sessions_app.review import pages, people
from sessions_app.review.conversations import exports
from sessions_app.review.conversations.forms import ExportForm, TextForm
from sessions_app.review.conversations.recent_actions import WORDS, remember
from sessions_app.review.permissions import May, allowed
from sessions_app.services import review
from sessions_app.services.review import ActionOutcome


@dataclass(frozen=True, slots=True)
class Button:
    """An action that this member of staff may choose."""

    act: str
    label: str
    dangerous: bool


def choices(user: Any) -> Sequence[Button]:
    """Actions that this user may carry out."""
    return [
        Button(act.value, words.button, words.dangerous)
        for act, words in WORDS.items()
        if allowed(user, act)
    ]


def choices_for(user: Any, reviewed: Reviewed) -> Sequence[Button]:
    """Actions that would change this conversation."""
    session = reviewed.session
    has_no_effect = {
        Act.RESOLVE: reviewed.flagged_at is None,
        Act.FLAG: reviewed.flagged_at is not None,
        Act.ARCHIVE: session.status.value == "archived",
        Act.RESTORE: session.status.value == "active",
        Act.HOLD: session.legal_hold,
        Act.RELEASE: not session.legal_hold,
        Act.DELETE: session.legal_hold,
    }
    return [button for button in choices(user) if not has_no_effect.get(Act(button.act), False)]


@pages.page(May.VIEW, methods=("POST",))
def act(request: HttpRequest) -> HttpResponseBase:
    """Ask for confirmation; once confirmed, carry the action out and report the outcome."""
    chosen, selected = _chosen_act(request)
    back = _return_address(request)
    if chosen is None:
        messages.warning(request, "Choose an action.")
        return HttpResponseRedirect(back)
    if not allowed(request.user, chosen):
        return pages.refused(request)
    if not selected:
        messages.warning(request, "Select conversations first.")
        return HttpResponseRedirect(back)
    if len(selected) > REVIEW_BULK:
        raise InvalidInput(f"At most {REVIEW_BULK} conversations at a time.")
    confirmed = "confirmed" in request.POST
    form = _form(request, chosen, submitted=confirmed)
    if confirmed and form.is_valid():
        if isinstance(form, ExportForm):
            return exports.respond(request, selected, form)
        return _carry_out(request, chosen, selected, form.cleaned_data["text"], back)
    return _confirmation(request, chosen, selected, form, back)


def _chosen_act(request: HttpRequest) -> tuple[Act | None, Sequence[str]]:
    """The action, and the conversations: the selected ones, or that of a row's own menu."""
    value, selected = request.POST.get("action", ""), request.POST.getlist("selected")
    if row := request.POST.get("row"):
        value, selected = request.POST.get("row_action", ""), [row]
    chosen = next((act for act in WORDS if act.value == value), None)
    return chosen, list(dict.fromkeys(selected))


def _return_address(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    # Only our own pages: a form elsewhere must not send staff to another site.
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure()):
        return address
    return reverse("admin:review_conversation_changelist")


def _form(request: HttpRequest, chosen: Act, *, submitted: bool) -> ExportForm | TextForm:
    data = request.POST if submitted else None
    if chosen is Act.EXPORT:
        return ExportForm(data, may_unmask=request.user.has_perm(May.UNMASK))
    return TextForm(data, act=chosen)


def _confirmation(
    request: HttpRequest, chosen: Act, selected: Sequence[str], form: Any, back: str
) -> HttpResponse:
    headers = review.conversation_headers(
        session_ids=selected, staff=pages.staff_of(request), now=clock.now()
    )
    sessions = [header.session for header in headers]
    names = people.names(session.user_id for session in sessions)
    words = WORDS[chosen]
    return pages.render(
        request,
        "confirm.html",
        {
            "title": words.button,
            "words": words,
            "act": chosen.value,
            "form": form,
            "next": back,
            "conversations": [
                (
                    session,
                    names.get(session.user_id, session.user_id),
                    review.hidden(session.title),
                )
                for session in sessions
            ],
        },
    )


def _carry_out(
    request: HttpRequest, chosen: Act, selected: Sequence[str], text: str, back: str
) -> HttpResponse:
    outcomes = review.act_on(
        session_ids=selected,
        act=chosen,
        text=text,
        staff=pages.staff_of(request),
        now=clock.now(),
    )
    done = [outcome.session_id for outcome in outcomes if not outcome.problem]
    remember(request, chosen, done)
    if done:
        messages.success(request, WORDS[chosen].success(len(done)))
    for sentence, ids in _problems(outcomes).items():
        messages.error(request, WORDS[chosen].failure(len(ids), sentence))
    if chosen is Act.DELETE and any(session_id in back for session_id in done):
        # The page to return to is that of a deleted conversation.
        back = reverse("admin:review_conversation_changelist")
    return HttpResponseRedirect(back)


def _problems(outcomes: Sequence[ActionOutcome]) -> dict[str, list[str]]:
    """Problem → the sessions that have it, so that each is reported once."""
    problems: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.problem:
            problems.setdefault(outcome.problem, []).append(outcome.session_id)
    return problems
