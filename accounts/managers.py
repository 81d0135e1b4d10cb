"""The manager of users."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db.models import QuerySet

from accounts import usernames

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(DjangoUserManager["User"]):
    """Finds users by name whatever its casing."""

    def looking_like(self, username: str) -> "QuerySet[User]":
        """The users whose names look like this one, the one that has it included."""
        return self.filter(username_look__in=usernames.looks(username))

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username_key=usernames.key(username or ""))

    async def aget_by_natural_key(self, username: str | None) -> "User":
        return await self.aget(username_key=usernames.key(username or ""))
