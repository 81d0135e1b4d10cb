"""Chat sessions as a Django app."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """Sessions live in MongoDB, so this app has no Django models."""

    name = "sessions_app"
