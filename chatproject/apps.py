"""The site as a Django app: it connects to MongoDB and offers `serve`."""

from django.apps import AppConfig


class ChatProjectConfig(AppConfig):
    """Connects MongoEngine when Django starts."""

    name = "chatproject"

    def ready(self) -> None:
        """Register the connection; nothing is sent to MongoDB before the first query."""
        from chatproject import mongo

        mongo.connect()
