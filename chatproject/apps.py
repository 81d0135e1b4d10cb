"""The project as a Django app that connects to MongoDB."""

from django.apps import AppConfig


class ChatProjectConfig(AppConfig):
    name = "chatproject"

    def ready(self) -> None:
        from chatproject.databases import mongo

        # This registers the connection; nothing is sent before the first query.
        mongo.connect()
