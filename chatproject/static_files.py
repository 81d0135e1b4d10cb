"""How static files are stored: under names that change with their content, and compressed."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Browsers keep a file for ever, as another content has another name.

    Names inside style sheets and in the `import` lines of the chat page's modules are changed
    along, so that the modules need no bundler. Django's own patterns for modules are not used: they
    go through every script there is, once for each step of the longest chain of imports.
    """

    # A module's name is final a pass after those of the modules that it imports.
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
