"""Stores static files compressed, under names that change with their content."""

from collections.abc import Iterator, Mapping
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

from chatproject.static_files.minified import minify

_PAGE = "chat/"
# Libraries are minified by their authors; of a module without code, the minifier leaves half.
_LEFT_OUT = ("chat/vendor/", "chat/types.js")


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Browsers cache a file for ever, because changed content gets a new name.

    The chat page's own modules are minified: a third of their weight is comments and types. Names
    in style sheets and in the `import` lines of these modules are replaced, so they need no
    bundler. Django's own patterns for modules are not used: they process every script, once for
    each step of the longest chain of imports.
    """

    # A module's name is final one pass after the names of the modules that it imports.
    max_post_process_passes = 20
    patterns = (
        ("*.css", (r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",)),
        (
            "chat/*.js",
            (
                (
                    r"""(?P<matched>(?P<before>\bfrom|\bimport) ?"(?P<url>\.[^"]+)")""",
                    """%(before)s "%(url)s\"""",
                ),
                (
                    r"""(?P<matched>(?P<before>\bawait|=>) ?import\("(?P<url>\.[^"]+)"\))""",
                    """%(before)s import("%(url)s")""",
                ),
            ),
        ),
    )

    def post_process(
        self, paths: Mapping[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        """Minify the page's modules, then name and compress everything."""
        if not dry_run:
            names = (name for name in paths if name.startswith(_PAGE) and name.endswith(".js"))
            own = [name for name in names if not name.startswith(_LEFT_OUT)]
            minify([self.path(name) for name in own])
            # Read from here, where they are minified, and not from their sources.
            paths = {**paths, **{name: (self, name) for name in own}}
        yield from super().post_process(paths, dry_run, **options)
