"""The manager of users."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import UserManager as DjangoUserManager

from accounts import usernames

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(DjangoUserManager["User"]):
    """Finds users by name whatever its casing."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username_key=usernames.key(username or ""))

    async def aget_by_natural_key(self, username: str | None) -> "User":
        return await self.aget(username_key=usernames.key(username or ""))
