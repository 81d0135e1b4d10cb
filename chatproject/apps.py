"""The project as a Django app: it connects to MongoDB and has the command `serve`."""

from django.apps import AppConfig


class ChatProjectConfig(AppConfig):
    name = "chatproject"

    def ready(self) -> None:
        from chatproject.databases import mongo

        # This registers the connection; nothing is sent before the first query.
        mongo.connect()
