"""Account routes. Trailing slashes are optional."""

from django.contrib.auth.views import PasswordResetCompleteView, PasswordResetConfirmView
from django.urls import re_path

from accounts import views
from accounts.applications.views import (
    UserExportView,
    UserSessionsView,
    UsersView,
    UserView,
)
from sessions_app.http.waiting import Waits, waits

# Every sign, line breaks too: an id that ends in one must not pass for the id before it, which `$`
# would let it.
_USER = r"^users/(?P<end_user_id>[\s\S]*[^/])"

urlpatterns = [
    re_path(r"^users/?$", UsersView.as_view(), name="users"),
    # An id may contain slashes.
    re_path(rf"{_USER}/sessions/?$", UserSessionsView.as_view(), name="user-sessions"),
    re_path(rf"{_USER}/export/?$", UserExportView.as_view(), name="user-export"),
    re_path(rf"{_USER}/?$", UserView.as_view(), name="user"),
    re_path(r"^auth/register/?$", views.RegisterView.as_view(), name="register"),
    re_path(r"^auth/token/?$", views.SignInView.as_view(), name="token"),
    re_path(r"^auth/token/refresh/?$", views.RefreshView.as_view(), name="token-refresh"),
    re_path(r"^auth/token/verify/?$", views.VerifyView.as_view(), name="token-verify"),
    re_path(r"^auth/logout/?$", views.SignOutView.as_view(), name="logout"),
    re_path(r"^auth/me/?$", views.MeView.as_view(), name="me"),
    re_path(r"^auth/me/export/?$", views.ExportView.as_view(), name="me-export"),
    re_path(r"^auth/me/reads/?$", views.ReadsView.as_view(), name="me-reads"),
    re_path(r"^auth/api-keys/?$", views.ApiKeysView.as_view(), name="api-keys"),
    re_path(r"^auth/api-keys/(?P<key_id>[^/]+)/?$", views.ApiKeyView.as_view(), name="api-key"),
    re_path(r"^auth/password/?$", views.PasswordView.as_view(), name="password"),
    re_path(r"^auth/sign-ins/?$", views.SignInsView.as_view(), name="sign-ins"),
    re_path(
        r"^auth/sign-ins/(?P<sign_in_id>[^/]+)/?$",
        views.SignInDeviceView.as_view(),
        name="sign-in",
    ),
    re_path(r"^auth/password/reset/?$", views.PasswordResetView.as_view(), name="reset-request"),
    re_path(
        r"^auth/email/confirm/?$", views.EmailConfirmationView.as_view(), name="confirm-request"
    ),
    # The pages that the links in mails open.
    re_path(
        r"^auth/links/password/(?P<uidb64>[^/]+)/(?P<token>[^/]+)/$",
        waits(Waits.FOR_ACCOUNTS)(
            PasswordResetConfirmView.as_view(
                template_name="accounts/set_password.html", title="Set a new password"
            )
        ),
        name="password-reset",
    ),
    re_path(
        r"^auth/links/done/$",
        waits(Waits.FOR_ACCOUNTS)(
            PasswordResetCompleteView.as_view(
                template_name="web/notice.html",
                title="Your password is set",
                extra_context={
                    "advice": "Sign in with it. Other devices have to sign in again.",
                    "home": "/",
                    "home_label": "Go to the sign-in page",
                },
            )
        ),
        name="password_reset_complete",
    ),
    re_path(
        r"^auth/links/email/(?P<uidb64>[^/]+)/(?P<token>[^/]+)/$",
        views.confirm_address,
        name="email-confirm",
    ),
]
