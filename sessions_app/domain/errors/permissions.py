"""The caller is known, and may not do this."""

from sessions_app.domain.errors.base import SessionError


class NotAllowed(SessionError):
    """The caller is known, and may not do this."""

    code = "not_allowed"
    default_detail = "You may not do this."


class ScopeMissing(NotAllowed):
    """The service key was not made for this route; `scope` is what it would need."""

    code = "scope_missing"
    default_detail = "This service key lacks the scope that the route needs."

    def __init__(self, scope: str = "") -> None:
        self.scope = scope
        super().__init__(f"This service key lacks the scope {scope}." if scope else None)


class ServiceKeyRefused(NotAllowed):
    """The route is not for service keys."""

    code = "service_key_not_allowed"
    default_detail = "A service key cannot be used here."


class ServiceKeyRequired(NotAllowed):
    """The route is about an application's users."""

    code = "service_key_required"
    default_detail = "This route is for service keys."


class EndUserRequired(NotAllowed):
    """A service key says for whom it asks, and this request does not."""

    code = "end_user_required"
    default_detail = "Name the end user in X-End-User (or `user` on /v1): this route is theirs."


class EndUserRefused(NotAllowed):
    """An end user is named where there can be none."""

    code = "end_user_not_allowed"
    default_detail = "X-End-User is for service keys, and not for the routes about all their users."


class EndUserErased(NotAllowed):
    """The application's user has been erased, and stays so."""

    code = "end_user_erased"
    default_detail = "This end user has been erased."
