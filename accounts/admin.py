"""Users in the Django admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import usernames
from accounts.models import User


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Users are added, changed, searched and deactivated here, never deleted."""

    list_display = ("username", "id", "email", "is_staff", "is_active")
    search_fields = ("username", "email", "id")
    readonly_fields = ("id", "last_login", "date_joined")
    ordering = ("username_key",)
    fieldsets = (
        (None, {"fields": ("id", "username", "password")}),
        ("Profile", {"fields": ("first_name", "last_name", "email")}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        matches, may_repeat = super().get_search_results(request, queryset, search_term)
        # SQLite folds ASCII letters only; the key is folded for every script.
        by_name = queryset.filter(username_key__contains=usernames.key(search_term))
        return matches | by_name, may_repeat

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Deleting the row alone would leave the user's sessions without an owner.
        return False
