"""Django's app of static files, with fewer of them."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFiles(StaticFilesConfig):
    """Django's, without what no page of this service asks for: a third of the bytes to compress."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "*.map", "redoc"]
