"""Lists conversations and the read log in the admin's index, sidebar and history."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern

from sessions_app.review.models import Conversation, ReadLog


class _ElsewhereAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """A model whose pages are in `site`; the admin only lists it."""

    def get_urls(self) -> list[URLPattern]:
        return []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # deleting a conversation is an action of its own pages


admin.site.register(Conversation, _ElsewhereAdmin)
admin.site.register(ReadLog, _ElsewhereAdmin)
