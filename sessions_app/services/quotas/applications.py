"""What applications have set as their quotas, as this process has last read it.

It is read with a service key, so a process knows it of every application whose requests it has
answered, and reads nothing for it. A process that has answered none, such as a command's, refuses
nothing; what it removes is found when the application's counter is counted anew.
"""

from sessions_app.domain.applications import EndUser, Limits, Quotas, end_user_of

_NONE = Quotas()
_known: dict[str, Quotas] = {}


def remember(application_id: str, quotas: Quotas) -> None:
    """Apply these from now on."""
    _known[application_id] = quotas


def forget() -> None:
    """Know of none, as a new process."""
    _known.clear()


def quotas_of(end_user: EndUser) -> Quotas:
    """Those of a user's application."""
    return _known.get(end_user.application_id, _NONE)


def of_user(user_id: str) -> Limits:
    """What an application has set for each of its users; nothing for all others."""
    end_user = end_user_of(user_id)
    return quotas_of(end_user).each if end_user else _NONE.each
