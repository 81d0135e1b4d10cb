"""Server-side: Django's own sessions, in whichever backend the settings name."""

from collections.abc import Sequence

from django.http import HttpRequest

from benchmarks.session_strategies.strategy import PAGE, Kept, Message, NotSignedIn, Strategy


class DjangoSessions(Strategy):
    """The middleware loads the session, and saves all of it when it has changed."""

    def start(self, request: HttpRequest, user: str, history: Sequence[Message]) -> Kept:
        """A new session key, as signing in gives one."""
        request.session.cycle_key()
        request.session["user"] = user
        request.session["messages"] = list(history)
        return self._kept(list(history))

    def turn(
        self, request: HttpRequest, conversation: str, added: Sequence[Message], key: str
    ) -> Kept:
        """Load, append; the middleware saves."""
        messages = [*self._messages(request), *added]
        request.session["messages"] = messages
        return self._kept(messages)

    def read(self, request: HttpRequest, conversation: str) -> Kept:
        """Load all, show the newest."""
        return self._kept(self._messages(request))

    def end(self, request: HttpRequest) -> None:
        """The session goes, and the conversation with it."""
        self._messages(request)
        request.session.flush()

    @staticmethod
    def _messages(request: HttpRequest) -> list[Message]:
        if "user" not in request.session:
            raise NotSignedIn
        return [(role, content) for role, content in request.session["messages"]]

    @staticmethod
    def _kept(messages: list[Message]) -> Kept:
        return Kept(len(messages), messages[-PAGE:])
