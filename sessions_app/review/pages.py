"""What all staff pages share: the permission check, the error page, rendering."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from sessions_app.domain.errors import (
    AttachmentNotFound,
    DamagedSession,
    InvalidInput,
    MessageNotFound,
    SessionError,
    SessionNotFound,
    StorageUnavailable,
)
from sessions_app.domain.review import Staff
from sessions_app.http.request_ids import request_id_of
from sessions_app.review.permissions import May

logger = logging.getLogger(__name__)

Page = Callable[..., HttpResponseBase]

_STATUS: Mapping[type[SessionError], HTTPStatus] = {
    SessionNotFound: HTTPStatus.NOT_FOUND,
    MessageNotFound: HTTPStatus.NOT_FOUND,
    AttachmentNotFound: HTTPStatus.NOT_FOUND,
    InvalidInput: HTTPStatus.BAD_REQUEST,
    StorageUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    DamagedSession: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def page(needed: May, *, methods: tuple[str, ...] = ("GET",)) -> Callable[[Page], Page]:
    """Decorates a view that needs a permission; its errors become pages, too."""

    def decorate(view: Page) -> Page:
        @never_cache
        @require_http_methods([*methods, "HEAD"] if "GET" in methods else list(methods))
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(needed):
                return refused(request)
            try:
                return view(request, *args, **kwargs)
            except SessionError as error:
                status = _STATUS.get(type(error), HTTPStatus.CONFLICT)
                if isinstance(error, DamagedSession):
                    logger.warning("%s is damaged: %s", request.path, error.problem)
                    sentence = f"{error.detail} It is {request_id_of(request)}."
                    return problem(request, sentence, status)
                return problem(request, error.detail, status)

        return guarded

    return decorate


def refused(request: HttpRequest) -> HttpResponse:
    return problem(request, "Your account has no permission for this.", HTTPStatus.FORBIDDEN)


def problem(request: HttpRequest, sentence: str, status: HTTPStatus) -> HttpResponse:
    return render(
        request,
        "problem.html",
        {"title": status.phrase.capitalize(), "sentence": sentence},
        status=status,
    )


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the admin site, rendered at once, so that nothing is read while it is sent."""
    request.current_app = admin.site.name  # read by `{% url %}`
    response = TemplateResponse(
        request,
        f"admin/conversations/{template}",
        {**admin.site.each_context(request), "is_popup": False, "subtitle": None, **context},
        status=status,
    )
    return response.render()


def staff_of(request: HttpRequest) -> Staff:
    return Staff(str(request.user.pk), request.user.get_username())
