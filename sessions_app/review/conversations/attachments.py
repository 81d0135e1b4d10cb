"""Pictures and files of a conversation: a blurred picture for its page, and the bytes."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from sessions_app import clock
from sessions_app.http.content import content_response
from sessions_app.review import pages
from sessions_app.review.permissions import May
from sessions_app.services import review
from sessions_app.services.review import ReasonNeeded


@pages.page(May.VIEW)
def show(request: HttpRequest, session_id: str, attachment_id: str) -> HttpResponseBase:
    """The bytes, once the read log says who has asked for them."""
    try:
        content = review.attachment_read(
            session_id=session_id,
            attachment_id=attachment_id,
            staff=pages.staff_of(request),
            may_unmask=bool(request.user.has_perm(May.UNMASK)),
            now=clock.now(),
        )
    except ReasonNeeded:
        return HttpResponseRedirect(_conversation(session_id))
    return content_response(request, content, save=False)


@pages.page(May.VIEW)
def blurred(request: HttpRequest, session_id: str, attachment_id: str) -> HttpResponse:
    """The colours of a picture, which the page of its conversation shows."""
    try:
        picture = review.attachment_blurred(
            session_id=session_id,
            attachment_id=attachment_id,
            staff=pages.staff_of(request),
            now=clock.now(),
        )
    except ReasonNeeded:
        return HttpResponseRedirect(_conversation(session_id))
    headers = {"X-Content-Type-Options": "nosniff"}
    return HttpResponse(picture, content_type="image/webp", headers=headers)


def _conversation(session_id: str) -> str:
    return reverse("admin:review_conversation_change", args=[session_id])
