"""The command palette: what the words that somebody types may mean, as links."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sessions_app.domain.errors import StorageUnavailable
from sessions_app.review import people
from sessions_app.review.permissions import May
from sessions_app.services import review

_MAX_CHARS = 200
_SESSION_ID_CHARS = 36


class Link(NamedTuple):
    """Something to go to: its name, its kind, its address."""

    label: str
    kind: str
    address: str


@never_cache
@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """Links for `q`. Nothing of a conversation is read, so nothing goes into the read log."""
    text = request.GET.get("q", "").strip()[:_MAX_CHARS]
    links = [*_pages(request, text)]
    if text:
        links += [*_conversation(request, text), *_people(request, text), *_searches(request, text)]
    return JsonResponse({"results": [link._asdict() for link in links]})


def _pages(request: HttpRequest, text: str) -> Iterator[Link]:
    """The admin's pages that begin with the text, in any of their words."""
    overview = Link("Overview", "Page", reverse("admin:index"))
    models = [model for group in admin.site.get_app_list(request) for model in group["models"]]
    named = [Link(str(each["name"]), "Page", each["admin_url"]) for each in models]
    adding = [
        Link(f"Add: {each['object_name']}", "Page", each["add_url"])
        for each in models
        if text and each["add_url"]
    ]
    for link in (overview, *named, *adding):
        words = link.label.casefold()
        if link.address and (words.startswith(text.casefold()) or f" {text.casefold()}" in words):
            yield link


def _conversation(request: HttpRequest, text: str) -> Iterator[Link]:
    if len(text) != _SESSION_ID_CHARS or not request.user.has_perm(May.VIEW):
        return
    with suppress(StorageUnavailable):
        if review.conversation_exists(session_id=text):
            yield Link(
                text, "Conversation", reverse("admin:review_conversation_change", args=[text])
            )


def _people(request: HttpRequest, text: str) -> Iterator[Link]:
    """Users whose name begins with the text, or whose id it is."""
    sees_accounts = any(request.user.has_perm(f"accounts.{may}_user") for may in ("view", "change"))
    reads = request.user.has_perm(May.VIEW)
    if not (sees_accounts or reads):
        return
    for user_id, name in people.names([text, *people.ids_like(text)]).items():
        if sees_accounts and people.has_account(user_id):
            yield Link(name, "User", reverse("admin:accounts_user_change", args=[user_id]))
        if reads:
            yield Link(f"Conversations of {name}", "User", _conversations(q=user_id))


def _searches(request: HttpRequest, text: str) -> Iterator[Link]:
    if request.user.has_perm(May.VIEW):
        yield Link(
            f"Titles and messages with “{text}”", "Search", _conversations(q=text, by="text")
        )
        yield Link(f"Users and ids with “{text}”", "Search", _conversations(q=text))


def _conversations(**query: str) -> str:
    return f"{reverse('admin:review_conversation_changelist')}?{urlencode(query)}"
