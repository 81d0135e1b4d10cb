"""The project as a Django app that connects to MongoDB, and the static files that it serves."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class ChatProjectConfig(AppConfig):
    name = "chatproject"

    def ready(self) -> None:
        from chatproject.databases import mongo

        # This registers the connection; nothing is sent before the first query.
        mongo.connect()


class StaticFiles(StaticFilesConfig):
    """Django's, without what no page of this service asks for: a third of the bytes to compress."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "*.map", "redoc"]
