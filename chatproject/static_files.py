"""Stores static files compressed, under names that change with their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Browsers cache a file for ever, because changed content gets a new name.

    Names in style sheets and in the `import` lines of the chat page's modules are replaced too, so
    the modules need no bundler. Django's own patterns for modules are not used: they process every
    script, once for each step of the longest chain of imports.
    """

    # A module's name is final one pass after the names of the modules that it imports.
    max_post_process_passes = 20
    patterns = (
        ("*.css", (r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",)),
        (
            "chat/*.js",
            (
                (
                    r"""(?m)(?P<matched>(?P<before>from|^import) "(?P<url>\.[^"]+)";)""",
                    """%(before)s "%(url)s";""",
                ),
                (
                    r"""(?P<matched>(?P<before>await|=>) import\("(?P<url>\.[^"]+)"\))""",
                    """%(before)s import("%(url)s")""",
                ),
            ),
        ),
    )
