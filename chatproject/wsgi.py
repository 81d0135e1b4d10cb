"""The WSGI application, for any WSGI server."""

import os
from io import BytesIO
from typing import TYPE_CHECKING

import django as framework
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import reset_queries

from chatproject.traces import exporting
from sessions_app.http import routes
from sessions_app.http.request_ids import META, accepted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from django.http import HttpRequest
    from django.urls import ResolverMatch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")


class Handler(WSGIHandler):
    """Django's own, but for paths, which it resolves anew each time."""

    def resolve_request(self, request: "HttpRequest") -> "ResolverMatch":
        """The view of a request and what its path names; raises Resolver404."""
        request.resolver_match = routes.match_of(request.path_info)
        return request.resolver_match


def taking_chunked_bodies(wrapped: "WSGIApplication") -> "WSGIApplication":
    """Give requests with `Transfer-Encoding: chunked` the Content-Length that Django needs.

    Such a body (RFC 9112, 7.1) has no length, and Django reads a body without a length as empty. It
    is read up to one byte over the limit, so that a body over the limit is still noticed.
    """

    def application(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        if environ.get("wsgi.input_terminated") and "HTTP_TRANSFER_ENCODING" in environ:
            # RFC 9112, 6.3: where both are sent, Transfer-Encoding overrides Content-Length.
            body = environ["wsgi.input"].read(settings.REQUEST_MAX_BYTES + 1)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = BytesIO(body)
        return wrapped(environ, start_response)

    return application


def naming_requests(wrapped: "WSGIApplication") -> "WSGIApplication":
    """Give every request an id: the one it brings, where that may be repeated, else a new one."""

    def application(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        environ[META] = accepted(environ.get(META, ""))
        return wrapped(environ, start_response)

    return application


framework.setup(set_prefix=False)
if not settings.DEBUG:
    # It looks at every connection of the thread before each request, for what only DEBUG keeps.
    request_started.disconnect(reset_queries)
django = naming_requests(Handler())
# After the fork of a worker, as the exporter has a thread.
exporting.begin()
application = taking_chunked_bodies(django)
