"""How users are found and made."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import UserManager as DjangoUserManager

from accounts import usernames

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(DjangoUserManager["User"]):
    """Finds users by name whatever its casing."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user of that name in any casing; raises User.DoesNotExist."""
        return self.get(username_key=usernames.key(username or ""))

    async def aget_by_natural_key(self, username: str | None) -> "User":
        """As `get_by_natural_key`."""
        return await self.aget(username_key=usernames.key(username or ""))
