"""The chat page. It is the same for everybody: what is somebody's own comes over the API."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from csp.decorators import csp_update
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView

_STATIC = Path(__file__).parent / "static"
_LIBRARIES = ("idb", "marked", "purify")
_STYLES = ("base", "controls", "layout", "transcript")
# With the site's own policy: no string becomes markup but by the sanitiser's hand, nor a worker but
# the page's own.
_TRUSTED_TYPES = {
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["dompurify", "chat-worker"],
}
# The files it names have another name when they change, so it must be asked for each time itself.
_asked_each_time = method_decorator(cache_control(no_cache=True), name="dispatch")


@_asked_each_time
@method_decorator(csp_update(_TRUSTED_TYPES), name="dispatch")
class ChatView(TemplateView):
    """The chat page."""

    template_name = "web/chat.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the addresses of its files, so that no module waits until another asks for it."""
        return super().get_context_data(**kwargs) | {"modules": _modules(), "styles": _styles()}


@_asked_each_time
class WorkerView(TemplateView):
    """The worker that keeps the page's files for opening it without a network."""

    template_name = "web/sw.js"
    content_type = "text/javascript; charset=utf-8"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the addresses of all files, and a version that changes with any of them."""
        more = [
            static(f"chat/{name}") for name in ("main.js", "icon.svg", "vendor/inter-latin.woff2")
        ]
        files = json.dumps([*_modules(), *_styles(), *more])
        version = hashlib.sha256(files.encode()).hexdigest()[:12]
        return super().get_context_data(**kwargs) | {"files": files, "version": version}


@cache
def _modules() -> list[str]:
    """The modules that the page needs at its start; the highlighter is not among them."""
    own = [*_STATIC.glob("chat/*.js"), *_STATIC.glob("chat/views/*.js")]
    names = sorted(str(path.relative_to(_STATIC)) for path in own if path.stem != "highlight")
    needed = [name for name in names if not name.endswith(("/types.js", "/main.js"))]
    return [static(name) for name in [*needed, *(f"chat/vendor/{one}.js" for one in _LIBRARIES)]]


def _styles() -> list[str]:
    return [static(f"chat/style/{name}.css") for name in _STYLES]
