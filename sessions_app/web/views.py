"""The chat page. It is the same for every user; their data comes from the API."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView, View

_STATIC = Path(__file__).parent / "static"
_LIBRARIES = ("idb", "marked", "purify")
_STYLES = ("palette", "base", "controls", "layout", "transcript")
# Beside the site's policy: only the sanitiser may turn strings into markup, and only the page's own
# worker may be registered.
_PAGE_POLICY = {
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["dompurify", "chat-worker"],
    # Sounds come with the token of their user, as pictures do.
    "media-src": ["data:"],
}
# Static files change their names with their content: a cached page would name files that are gone.
_revalidated = method_decorator(cache_control(no_cache=True), name="dispatch")


@_revalidated
@method_decorator(csp_update(_PAGE_POLICY), name="dispatch")
class ChatView(TemplateView):
    template_name = "web/chat.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # All modules are preloaded: otherwise each would wait until another imports it.
        return super().get_context_data(**kwargs) | {
            "modules": _modules(),
            "styles": _styles(),
            "message_max_chars": settings.MESSAGE_MAX_CHARS,
            "attachments": _attachments(),
            "registration": settings.REGISTRATION,
            "password_min": _password_min(),
        }


@_revalidated
class WorkerView(TemplateView):
    """The service worker, which caches the page's files to open it without a network."""

    template_name = "web/sw.js"
    content_type = "text/javascript; charset=utf-8"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = [
            static(f"chat/{name}") for name in ("main.js", "icon.svg", "vendor/inter-latin.woff2")
        ]
        files = json.dumps([*_modules(), *_styles(), *_later(), *more])
        # The version changes with any file, and makes the browser install the new worker.
        version = hashlib.sha256(files.encode()).hexdigest()[:12]
        return super().get_context_data(**kwargs) | {"files": files, "version": version}


class IconView(View):
    """Where browsers look for an icon on pages that name none."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(static("chat/icon.svg"))


@cache
def _modules() -> list[str]:
    """Modules that the page needs at its start; the highlighter is loaded later."""
    own = [*_STATIC.glob("chat/*.js"), *_STATIC.glob("chat/views/*.js")]
    names = sorted(str(path.relative_to(_STATIC)) for path in own if path.stem != "highlight")
    needed = [name for name in names if not name.endswith(("/types.js", "/main.js"))]
    libraries = [f"chat/vendor/{library}.js" for library in _LIBRARIES]
    return [static(name) for name in [*needed, "chat/client/chat-sessions.js", *libraries]]


@cache
def _later() -> list[str]:
    """What the page loads when it is asked for, which has to be there without a network, too.

    Formulas and code stay text then: what sets them is large.
    """
    own = [*_STATIC.glob("chat/**/later/*.js"), *_STATIC.glob("chat/style/later/*.css")]
    return sorted(static(str(path.relative_to(_STATIC))) for path in own if path.stem != "math")


def _attachments() -> str:
    """What may be attached to a message, which is said before anything is sent."""
    return json.dumps(
        {
            "max_bytes": settings.ATTACHMENT_MAX_BYTES,
            "per_message": settings.ATTACHMENTS_PER_MESSAGE,
            "types": list(settings.ATTACHMENT_TYPES),
        }
    )


def _password_min() -> int:
    """How long a new password must be, for the form to say so beforehand."""
    validators: list[Any] = settings.AUTH_PASSWORD_VALIDATORS
    return max(int(each.get("OPTIONS", {}).get("min_length", 0)) for each in validators)


def _styles() -> list[str]:
    return [static(f"chat/style/{name}.css") for name in _STYLES]
