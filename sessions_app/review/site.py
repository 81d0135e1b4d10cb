"""The admin site: Django's, with the pages about conversations."""

from inspect import ismethod
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, re_path

from sessions_app.http.waiting import Waits, waits
from sessions_app.review import audit, navigation, palette
from sessions_app.review.conversations import actions, attachments, listing
from sessions_app.review.conversations import views as conversations
from sessions_app.review.dashboard import page as dashboard
from sessions_app.review.pages import Page

_CONVERSATION = r"conversations/(?P<session_id>[^/]{1,64})"
_ATTACHMENT = rf"{_CONVERSATION}/attachments/(?P<attachment_id>[^/]{{1,64}})"


class ReviewAdminSite(AdminSite):
    site_header = "Chat sessions"
    site_title = "Chat sessions"
    index_title = "Overview"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # Who is asking, the accounts database says for each page.
        return _waiting_for_accounts(self._urls())

    def _urls(self) -> list[URLPattern | URLResolver]:
        return [
            *self._pages(r"conversations", listing.show, "review_conversation_changelist"),
            *self._pages(r"conversations/actions", actions.act, "review_conversation_actions"),
            *self._pages(r"conversations/audit", audit.show, "review_readlog_changelist"),
            *self._pages(r"conversations/audit/export", audit.export, "review_readlog_export"),
            *self._pages(_CONVERSATION, conversations.show, "review_conversation_change"),
            *self._pages(
                rf"{_CONVERSATION}/unmask", conversations.unmask, "review_conversation_unmask"
            ),
            *self._pages(
                rf"{_CONVERSATION}/history", conversations.history, "review_conversation_history"
            ),
            *self._pages(_ATTACHMENT, attachments.show, "review_conversation_attachment"),
            *self._pages(
                rf"{_ATTACHMENT}/blurred", attachments.blurred, "review_conversation_blurred"
            ),
            re_path(r"^palette/?$", self.admin_view(palette.suggest), name="palette"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Models in this service's groups; those of one app as Django lists them."""
        apps = super().get_app_list(request, app_label)
        return apps if app_label else navigation.grouped(apps, request.path)

    @waits(Waits.FOR_ACCOUNTS)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The form to sign in with."""
        return super().login(request, extra_context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The first page: figures for those who may see conversations, then the list of models."""
        return super().index(request, {**dashboard.context(request), **(extra_context or {})})

    def _pages(self, pattern: str, page: Page, name: str) -> list[URLPattern]:
        """The routes of a page. Links use the address with a slash; without one it works too."""
        view = self.admin_view(page)
        return [re_path(rf"^{pattern}/$", view, name=name), re_path(rf"^{pattern}$", view)]


def _waiting_for_accounts(
    routes: list[URLPattern | URLResolver],
) -> list[URLPattern | URLResolver]:
    for route in routes:
        if isinstance(route, URLResolver):
            _waiting_for_accounts(route.url_patterns)
        elif not ismethod(route.callback):  # a method is marked where it is defined
            waits(Waits.FOR_ACCOUNTS)(route.callback)
    return routes
