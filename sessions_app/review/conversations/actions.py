"""Actions on one conversation or many: asked for, confirmed, done, and said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

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
    """Every action that somebody may carry out."""
    return [
        Button(act.value, words.button, words.dangerous)
        for act, words in WORDS.items()
        if allowed(user, act)
    ]


def choices_for(user: Any, reviewed: Reviewed) -> Sequence[Button]:
    """Those that would change something about this conversation."""
    session = reviewed.session
    idle = {
        Act.RESOLVE: reviewed.flagged_at is None,
        Act.FLAG: reviewed.flagged_at is not None,
        Act.ARCHIVE: session.status.value == "archived",
        Act.RESTORE: session.status.value == "active",
        Act.HOLD: session.legal_hold,
        Act.RELEASE: not session.legal_hold,
        Act.DELETE: session.legal_hold,
    }
    return [button for button in choices(user) if not idle.get(Act(button.act), False)]


@pages.page(May.VIEW, methods=("POST",))
def act(request: HttpRequest) -> HttpResponseBase:
    """Ask whether it is meant; when it is, do it and say what came of it."""
    chosen, back = _chosen(request), _back(request)
    if chosen is None:
        messages.warning(request, "Choose an action.")
        return HttpResponseRedirect(back)
    if not allowed(request.user, chosen):
        return pages.refused(request)
    selected = list(dict.fromkeys(request.POST.getlist("selected")))
    if not selected:
        messages.warning(request, "Select conversations first.")
        return HttpResponseRedirect(back)
    if len(selected) > REVIEW_BULK:
        raise InvalidInput(f"At most {REVIEW_BULK} conversations at a time.")
    confirmed = "confirmed" in request.POST
    form = _form(request, chosen, given=confirmed)
    if confirmed and form.is_valid():
        if isinstance(form, ExportForm):
            return exports.respond(request, selected, form)
        return _do(request, chosen, selected, form.cleaned_data["text"], back)
    return _ask(request, chosen, selected, form, back)


def _chosen(request: HttpRequest) -> Act | None:
    value = request.POST.get("action", "")
    return next((one for one in WORDS if one.value == value), None)


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return reverse("admin:review_conversation_changelist")


def _form(request: HttpRequest, chosen: Act, *, given: bool) -> ExportForm | TextForm:
    data = request.POST if given else None
    if chosen is Act.EXPORT:
        return ExportForm(data, may_unmask=request.user.has_perm(May.UNMASK))
    return TextForm(data, act=chosen)


def _ask(
    request: HttpRequest, chosen: Act, selected: Sequence[str], form: Any, back: str
) -> HttpResponse:
    found = review.conversation_headers(session_ids=selected)
    names = people.names(one.session.user_id for one in found)
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
                (one.session, names.get(one.session.user_id, one.session.user_id)) for one in found
            ],
        },
    )


def _do(
    request: HttpRequest, chosen: Act, selected: Sequence[str], text: str, back: str
) -> HttpResponse:
    outcomes = review.act_on(
        session_ids=selected,
        act=chosen,
        text=text,
        staff=pages.staff_of(request),
        now=timezone.now(),
    )
    done = [one for one in outcomes if not one.problem]
    remember(request, chosen, [one.session_id for one in done])
    if done:
        messages.success(request, f"{_number(len(done))} {WORDS[chosen].done}.")
    for sentence, ids in _problems(outcomes).items():
        messages.error(request, f"{_number(len(ids))} not {WORDS[chosen].done}: {sentence}")
    if chosen is Act.DELETE and any(one.session_id in back for one in done):
        back = reverse("admin:review_conversation_changelist")
    return HttpResponseRedirect(back)


def _problems(outcomes: Sequence[ActionOutcome]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in outcomes:
        if one.problem:
            found.setdefault(one.problem, []).append(one.session_id)
    return found


def _number(count: int) -> str:
    return "1 conversation" if count == 1 else f"{count} conversations"
