"""Conversations and the read log in the admin's index, its sidebar and its history."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern

from sessions_app.review.models import Conversation, ReadLog


class _ElsewhereAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Something whose pages `site` has: it is shown in lists, and changed by nobody here."""

    def get_urls(self) -> list[URLPattern]:
        """None of its own."""
        return []

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody; deleting a conversation is an action of its pages."""
        return False


admin.site.register(Conversation, _ElsewhereAdmin)
admin.site.register(ReadLog, _ElsewhereAdmin)
