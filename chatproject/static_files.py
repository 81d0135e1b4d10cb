"""How static files are stored: under names that change with their content, and compressed."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Browsers keep a file for ever, as another content has another name.

    Names inside style sheets and in the `import` lines of JavaScript modules are changed along, so
    that modules need no bundler. Source maps are not looked for: the libraries' are not installed.
    """

    support_js_module_import_aggregation = True
    patterns = (
        (
            "*.css",
            (
                r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",
                (
                    r"""(?P<matched>@import\s*["']\s*(?P<url>.*?)["'])""",
                    """@import url("%(url)s")""",
                ),
            ),
        ),
    )
