"""Applications and their service keys in the Django admin.

Whoever may make a key may read, by it, what the application's users have said, without a line in
the read log: the permission `accounts.add_servicekey` is a superuser's to give, as all rights are.
Each key that is made or revoked has a line in the admin's history.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import DateTimeField, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.credentials import service_keys
from accounts.models import Application, ServiceKey
from sessions_app import clock
from sessions_app.domain.applications import Scope

_QUOTAS = ("sessions", "messages_a_day", "tokens_a_day", "bytes")


class _Moment(AdminSplitDateTime):
    """A date and a time, each with a name for screen readers, which Django's fields lack."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, ("Date", "Time"), strict=True):
            widget.attrs["aria-label"] = name


class ServiceKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    """A new key; which one it is, the page that follows shows once."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = ServiceKey
        fields = ("application", "name", "scopes", "require_session", "expires_at")


@admin.register(Application)
class ApplicationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Applications, their rate and their quotas; never deleted, as their users' data has none."""

    list_display = ("name", "id", "is_active", "last_used_at")
    search_fields = ("name", "id")
    readonly_fields = ("id", "created_at")
    fieldsets = (
        (None, {"fields": ("name", "id", "is_active", "created_at", "requests_a_minute")}),
        ("Quotas of all its users together (0: none)", {"fields": _QUOTAS}),
        (
            "Quotas of each of its users (0: those of every user)",
            {"fields": tuple(f"user_{name}" for name in _QUOTAS)},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        """With the last use of their keys."""
        queryset: QuerySet[Application] = super().get_queryset(request)
        return queryset.annotate(used_at=Max("keys__last_used_at"))

    @admin.display(description="Last used", ordering="used_at")
    def last_used_at(self, application: Any) -> Any:
        """When one of its keys was used last, to the hour."""
        return application.used_at

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ServiceKey)
class ServiceKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Service keys: made, shown once, and revoked; what one may do is never changed."""

    form = ServiceKeyForm
    formfield_overrides: ClassVar = {DateTimeField: {"widget": _Moment}}
    list_display = ("name", "application", "shown", "scope_names", "state", "last_used_at")
    list_filter = ("application",)
    list_select_related = ("application",)
    search_fields = ("name", "shown", "application__name")
    actions = ("revoke",)
    _made = ("application", "shown", "scope_names", "require_session", "created_at")
    _ends = ("expires_at", "revoked_at", "last_used_at")

    @admin.display(description="Scopes")
    def scope_names(self, key: ServiceKey) -> str:
        """What the key may be used for."""
        return ", ".join(key.scopes)

    @admin.display(description="State")
    def state(self, key: ServiceKey) -> str:
        """Whether the key is good now."""
        if key.revoked_at:
            return "revoked"
        if key.expires_at and key.expires_at <= clock.now():
            return "expired"
        return "valid" if key.application.is_active else "application inactive"

    def get_fields(self, request: HttpRequest, obj: ServiceKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ServiceKeyForm.Meta.fields
        return ("name", *self._made, *self._ends)

    def get_readonly_fields(
        self, request: HttpRequest, obj: ServiceKey | None = None
    ) -> tuple[str, ...]:
        return () if obj is None else (*self._made, *self._ends)

    def get_form(
        self, request: HttpRequest, obj: ServiceKey | None = None, change: bool = False, **kw: Any
    ) -> Any:
        # What cannot be changed is no field of the form.
        own = {} if obj is None else {"form": forms.ModelForm}
        return super().get_form(request, obj, change, **{**own, **kw})

    def save_model(self, request: HttpRequest, obj: ServiceKey, form: Any, change: bool) -> None:
        """Store a new name, or make a key, which `response_add` shows."""
        if change:
            super().save_model(request, obj, form, change)
            return
        made = service_keys.service_key_make(
            application=obj.application,
            name=obj.name,
            scopes=[Scope(value) for value in form.cleaned_data["scopes"]],
            require_session=obj.require_session,
            expires_at=obj.expires_at,
            now=clock.now(),
        )
        # What the admin goes on with, its history above all, is the stored key.
        obj.__dict__.update(made.stored_key.__dict__)
        request.made_key = made.key  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ServiceKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key, this once."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The new service key",
            "stored_key": obj,
            "key": request.made_key,  # type: ignore[attr-defined]
            "opts": self.opts,
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "accounts/service_key.html", context, headers=headers)

    @admin.action(description="Revoke: refuse these keys from now on", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ServiceKey]) -> None:
        """End keys for good, at once."""
        for key in keys.filter(revoked_at=None):
            service_keys.service_key_revoke(key_id=str(key.pk), now=clock.now())
            self.log_change(request, key, "Revoked.")
        self.message_user(request, "The keys are revoked.")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Revoked, it is good for nothing either, and until when it was good stays known.
        return False
