"""Users in the Django admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from accounts import usage, usernames
from accounts.applications import admin as applications  # noqa: F401 - importing registers it
from accounts.credentials import password_reset
from accounts.models import ApiKey, SignIn, User
from sessions_app import clock
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.review.permissions import May

# What a user of the admin could use to get more rights, or into another account.
_OF_SUPERUSERS = ("email", "is_staff", "is_superuser", "groups", "user_permissions")


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


class NewAccountForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    """A new account; its owner sets the password by a link."""

    class Meta:
        model = User
        fields = ("username", "email")

    def save(self, commit: bool = True) -> User:
        """Store the account without a password."""
        self.instance.set_unusable_password()
        user: User = super().save(commit=commit)
        return user


class _ShownOnly(admin.TabularInline):  # type: ignore[type-arg]  # not generic when it runs
    """Rows of a user's page that nobody changes there; who may see the user may see them."""

    template = "accounts/shown_rows.html"
    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(str(name) for name in self.fields or ())

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ApiKeyRows(_ShownOnly):
    """The user's API keys: never the key itself, which nobody has."""

    model = ApiKey
    verbose_name_plural = "API keys"
    fields = ("name", "shown", "created_at", "expires_at", "last_used_at", "is_good")

    @admin.display(description="Valid", boolean=True)
    def is_good(self, key: ApiKey) -> bool:
        """Whether it opens anything now."""
        has_ended = key.expires_at is not None and key.expires_at <= clock.now()
        return not has_ended and key.user_generation == key.user.token_generation


class SignInRows(_ShownOnly):
    """The user's devices, with those that have signed out, as long as they are kept."""

    model = SignIn
    verbose_name_plural = "Signed-in devices"
    fields = ("device", "started_at", "used_at", "ended_at", "is_open")

    @admin.display(description="Signed in", boolean=True)
    def is_open(self, sign_in: SignIn) -> bool:
        """Whether the device can go on without a password."""
        is_current = sign_in.user_generation == sign_in.user.token_generation
        return sign_in.ended_at is None and is_current


admin.site.unregister(Group)


@admin.register(Group)
class RightsGroupAdmin(GroupAdmin):
    """Groups carry rights, so only superusers see or edit them."""

    # A plain list: the one with two boxes has labels that screen readers cannot use.
    filter_horizontal = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    has_add_permission = has_view_permission
    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Users are added, changed, searched and deactivated here, never deleted.

    Whoever could give themselves rights, or get into another account, could read conversations
    without a line in the read log. So only superusers edit rights, addresses (which links go to)
    and other staff's accounts; and nobody sets a password: its owner does, by a link.
    """

    list_display = ("username", "id", "email", "is_staff", "is_active", "conversations")
    search_fields = ("username", "email", "id")
    readonly_fields = ("id", "last_login", "date_joined", "quotas", "conversations")
    inlines = (ApiKeyRows, SignInRows)
    filter_horizontal = ()
    actions = ("send_password_links",)
    add_form = NewAccountForm
    add_fieldsets = ((None, {"fields": ("username", "email")}),)
    ordering = ("username_key",)
    fieldsets = (
        (None, {"fields": ("id", "username", "conversations")}),
        ("Profile", {"fields": ("first_name", "last_name", "email")}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
        ("Usage", {"fields": ("quotas",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        own = tuple(self.readonly_fields)
        return own if _is_superuser(request) else (*own, *_OF_SUPERUSERS)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Without the way to conversations for who may not see any."""
        columns = super().get_list_display(request)
        return columns if request.user.has_perm(May.VIEW) else columns[:-1]

    def get_inlines(self, request: HttpRequest, obj: User | None = None) -> tuple[Any, ...]:
        """A new user has neither keys nor devices."""
        return () if obj is None else self.inlines

    @admin.display(description="Conversations")
    def conversations(self, user: User) -> str:
        """Links to the user's conversations, and to what staff have read of them."""
        names = {
            "Conversations": ("admin:review_conversation_changelist", f"q={user.pk}"),
            "Read log": ("admin:review_readlog_changelist", f"user={user.pk}"),
        }
        links = [(f"{reverse(route)}?{query}", name) for name, (route, query) in names.items()]
        return format_html_join(" ", '<a href="{}">{}</a>', links)

    @admin.display(description="Quotas used")
    def quotas(self, user: User) -> str:
        """What the user has of each quota; see `usage.figures`."""
        try:
            figures = usage.figures(user, now=clock.now())
        except StorageUnavailable:
            return "not known while MongoDB is unavailable"
        lines = [
            (figure.name, f"{figure.used:,}", f"of {figure.quota:,}" if figure.quota else "")
            for figure in figures
        ]
        return format_html_join(mark_safe("<br>"), "{}: {} {}", lines)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if "email" in form.changed_data:
            obj.email_confirmed = False
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_staffs = obj is not None and (obj.is_staff or obj.is_superuser)
        if is_staffs and not _is_superuser(request):
            return False
        return bool(super().has_change_permission(request, obj))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002 - Django's name
        """Refused to everybody: passwords are set by their owners."""
        raise PermissionDenied

    @admin.action(description="Send a link to set a password", permissions=["change"])
    def send_password_links(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Mail each of the users a link with which they alone set their password."""
        sent = sum(password_reset.reset_send(user=user) for user in users.filter(is_active=True))
        self.message_user(request, f"{sent} links sent; users without an address get none.")

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
