"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users and their tokens."""

    name = "accounts"

    def ready(self) -> None:
        """Register the checks of this app's settings."""
        from accounts import checks  # noqa: F401 - importing registers them
