"""The forms of the admin that ask for a password: Django's, with the limits of signing in."""

import math
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from rest_framework.throttling import BaseThrottle

from accounts.credentials import attempts
from sessions_app.http.throttles import network_of
from sessions_app.http.waiting import Waits, waits


@waits(Waits.FOR_ACCOUNTS)
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """`/admin/login/`."""
    account = attempts.account_of(request.POST.get("username"))
    response = _limited(request, account, admin.site.login)
    if request.method == "POST" and request.user.is_authenticated:
        attempts.remember_device(response, request.COOKIES, account)
    return response


@waits(Waits.FOR_ACCOUNTS)
def password_change(request: HttpRequest) -> HttpResponseBase:
    """`/admin/password_change/`, which asks for the old password."""
    # A signed-in account counts by its id, as with `/auth/password`.
    change = admin.site.admin_view(admin.site.password_change, cacheable=True)
    return _limited(request, str(request.user.pk), change)


def _limited(request: HttpRequest, account: str, view: Callable[..., Any]) -> HttpResponseBase:
    if request.method == "POST":
        # DRF's way to an address, proxies included; it reads nothing else of a request.
        network = network_of(BaseThrottle().get_ident(request) or "")  # type: ignore[arg-type]
        device = attempts.known_device(request.COOKIES, account)
        wait = attempts.attempt_take(account=account, network=network, device=device)
        if wait is not None:
            return _too_many(max(1, math.ceil(wait)))
    response: HttpResponseBase = view(request)
    return response


def _too_many(seconds: int) -> HttpResponse:
    context = {
        "title": "Too many attempts",
        "advice": f"Too many attempts at a password. Try again in {seconds} seconds.",
        "home": "/admin/",
        "home_label": "Back to the admin",
    }
    page = render_to_string("web/notice.html", context)
    return HttpResponse(page, status=429, headers={"Retry-After": str(seconds)})
