"""The chat page. It is the same for everybody: what is somebody's own comes over the API."""

from functools import cache
from pathlib import Path
from typing import Any

from csp.decorators import csp_update
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView

_STATIC = Path(__file__).parent / "static"
_LIBRARIES = ("idb", "marked", "purify")
# With the site's own policy: no string becomes markup or script but by the sanitiser's hand.
_TRUSTED_TYPES = {"require-trusted-types-for": ["'script'"], "trusted-types": ["dompurify"]}


@method_decorator(csp_update(_TRUSTED_TYPES), name="dispatch")
class ChatView(TemplateView):
    """The chat page."""

    template_name = "web/chat.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the addresses of the modules, so that none waits until another asks for it."""
        return super().get_context_data(**kwargs) | {"modules": [static(m) for m in _modules()]}


@cache
def _modules() -> list[str]:
    """The modules that the page needs at its start; the highlighter is not among them."""
    own = [*_STATIC.glob("chat/*.js"), *_STATIC.glob("chat/views/*.js")]
    names = sorted(str(path.relative_to(_STATIC)) for path in own if path.stem != "highlight")
    needed = [name for name in names if not name.endswith(("/types.js", "/main.js"))]
    return needed + [f"chat/vendor/{name}.js" for name in _LIBRARIES]
