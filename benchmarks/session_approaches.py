"""Which of the usual ways to keep a chat session holds what it promises, and at what price?

A turn adds a question of 24 words and an answer of 96 and has the newest 50 messages in hand, as a
model would be sent them. Each way is called in this process, without HTTP, so that only what it
does differently is in the figures: the conversation in a signed token that the client carries to
and fro; in Django's session, in the accounts database; in MongoDB through this service's own code,
with a token that only says who is asking.
"""

import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import count

import jwt
from django.contrib.sessions.backends.base import SessionBase
from django.core.management import call_command

from benchmarks.harness import conversations, report, rounds, store
from benchmarks.harness.conversations import BATCH, now
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import messages, sessions

WORDS, PAGE = 60, 50
TIMES, TURNS_EACH = 4, 12
# What a cookie may hold (RFC 6265bis), nginx's and gunicorn's default for a header, Node.js's.
LIMITS = {"cookie, 4 kB": 4_096, "header, 8 kB": 8_190, "header, 16 kB": 16_384}
_SECRET, _ALGORITHM = store.SECRET, "HS256"

Turn = tuple[str, str, str]  # key, question, answer
Messages = list[tuple[str, str]]  # role, content


class Approach(ABC):
    """One way. A credential is all that a client keeps; a turn answers with the next one."""

    name: str

    @abstractmethod
    def start(self, turns: Iterable[Turn] = ()) -> str:
        """Begin a conversation with a history; its first credential."""

    @abstractmethod
    def take(self, credential: str, turn: Turn) -> str:
        """Add a turn."""

    @abstractmethod
    def read(self, credential: str) -> Messages:
        """The newest messages."""


class Token(Approach):
    """The server keeps nothing."""

    name = "token: conversation in a JWT"

    def start(self, turns: Iterable[Turn] = ()) -> str:
        """A token with the history."""
        return self._sealed(_messages(turns))

    def take(self, credential: str, turn: Turn) -> str:
        """The next token, two messages longer."""
        return self._sealed([*self._opened(credential), *_messages([turn])])

    def read(self, credential: str) -> Messages:
        """What the client itself has sent."""
        return self._opened(credential)[-PAGE:]

    @staticmethod
    def _sealed(messages: Messages) -> str:
        claims = {"sub": "somebody", "exp": time.time() + 30 * 86_400, "messages": messages}
        return jwt.encode(claims, _SECRET, _ALGORITHM)

    @staticmethod
    def _opened(credential: str) -> Messages:
        claims = jwt.decode(credential, _SECRET, [_ALGORITHM])
        return [(role, content) for role, content in claims["messages"]]


class DjangoSession(Approach):
    """The session is loaded, changed, and saved whole."""

    name = "server-side: Django's session"

    def start(self, turns: Iterable[Turn] = ()) -> str:
        """A session key."""
        return self._save(self._load(None), _messages(turns))

    def take(self, credential: str, turn: Turn) -> str:
        """Load, append, save."""
        session = self._load(credential)
        return self._save(session, [*session["messages"], *_messages([turn])])

    def read(self, credential: str) -> Messages:
        """Load all, show the newest."""
        messages: Messages = self._load(credential)["messages"]
        return messages[-PAGE:]

    @staticmethod
    def _load(key: str | None) -> SessionBase:
        from django.contrib.sessions.backends.db import SessionStore  # needs the settings

        return SessionStore(key)

    @staticmethod
    def _save(session: SessionBase, messages: Messages) -> str:
        session["messages"] = messages
        session.save()
        return str(session.session_key)


class Hybrid(Approach):
    """The token says who is asking, MongoDB has the conversation."""

    name = "hybrid: JWT and MongoDB"

    def start(self, turns: Iterable[Turn] = ()) -> str:
        """An access token and the session's id."""
        user = str(uuid.uuid4())
        session_id = conversations.create(user, 0, words=WORDS)
        claims = {"sub": user, "exp": time.time() + 300, "jti": uuid.uuid4().hex}
        credential = f"{jwt.encode(claims, _SECRET, _ALGORITHM)} {session_id}"
        history = list(turns)
        for first in range(0, len(history), BATCH // 2):
            self._append(credential, history[first : first + BATCH // 2])
        return credential

    def take(self, credential: str, turn: Turn) -> str:
        """Read the window, append both messages under their keys."""
        self.read(credential)
        self._append(credential, [turn])
        return credential

    def read(self, credential: str) -> Messages:
        """The tail has them."""
        _, newest = sessions.session_get(**self._who(credential), limit=PAGE, now=now())
        return [(message.role.value, message.content) for message in newest]

    def _append(self, credential: str, turns: Sequence[Turn]) -> None:
        batch = [
            MessageDraft(role, content, client_id=f"{key}-{role}")
            for key, *said in turns
            for role, content in zip((Role.USER, Role.ASSISTANT), said, strict=True)
        ]
        messages.message_append_batch(**self._who(credential), batch=batch, now=now())

    @staticmethod
    def _who(credential: str) -> dict[str, str]:
        token, _, session_id = credential.partition(" ")
        user_id = jwt.decode(token, _SECRET, [_ALGORITHM])["sub"]
        return {"session_id": session_id, "user_id": user_id}


def main() -> None:
    """Parse, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", help="turns before the one measured")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    lengths = options.lengths or ([1, 10] if options.short else [1, 10, 100, 1_000])
    result = report.Report("session_approaches")
    with store.own_store(options.dir, result):
        call_command("migrate", verbosity=0)
        approaches = (Token(), DjangoSession(), Hybrid())
        for approach in approaches:
            _measure_promises(result, approach)
        _measure_limits(result)
        times = options.rounds or (5 if options.short else 20)
        for length in lengths:
            _measure_turns(result, approaches, length, times)
    result.table()


def _measure_promises(result: report.Report, approach: Approach) -> None:
    """Two devices at once, a turn sent twice, and a credential of turn 5 after turn 10."""
    acknowledged = kept = 0
    for _ in range(TIMES):
        taken, there = _side_by_side(approach)
        acknowledged += len(taken)
        kept += sum(there[question] for question in taken)
    turns = [_turn(number) for number in range(10)]
    credential, fifth = approach.start(), ""
    for number, turn in enumerate(turns, 1):
        credential = approach.take(credential, turn)
        fifth = credential if number == 5 else fifth
    twice = approach.start()
    # The first answer is lost: the client tries again with what it had.
    again = approach.take(twice, turns[0]) and approach.take(twice, turns[0])
    result.add(
        "promises",
        approach=approach.name,
        acknowledged=acknowledged,
        lost=acknowledged - kept,
        copies_of_a_repeated_turn=len(approach.read(again)) // 2,
        turns_that_an_old_credential_shows=len(approach.read(fifth)) // 2,
    )


def _side_by_side(approach: Approach) -> tuple[list[str], Counter[str]]:
    """The questions of both devices that were acknowledged, and what the first then finds."""
    first = approach.start()
    last: dict[str, str] = {}
    acknowledged: list[str] = []
    together = threading.Barrier(2)

    def take_turns(device: str) -> None:
        last[device] = first
        for number in range(TURNS_EACH):
            turn = _turn(number, device)
            together.wait(30)
            last[device] = approach.take(last[device], turn)
            acknowledged.append(turn[1])

    threads = [threading.Thread(target=take_turns, args=[each]) for each in ("laptop", "phone")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return acknowledged, Counter(content for _, content in approach.read(last["laptop"]))


def _measure_limits(result: report.Report) -> None:
    """The turn at which a conversation in a token no longer fits what has to carry it."""
    token = Token()
    credential, limits = token.start(), dict(LIMITS)
    for number in count(1):
        credential = token.take(credential, _turn(number))
        for limit in [name for name, most in limits.items() if len(credential) > most]:
            result.add("limit", limit=limit, ends_at_turn=number, bytes=limits.pop(limit))
        if not limits:
            return


def _measure_turns(
    result: report.Report, approaches: Iterable[Approach], length: int, times: int
) -> None:
    """One more turn of a conversation, which is made anew each time; all ways in each round."""
    report.progress(f"conversations of {length:,} turns …")
    history = [_turn(number) for number in range(length)]
    begun: dict[Approach, str] = {}

    def renew(approach: Approach) -> None:
        begun[approach] = approach.start(history)

    def take(approach: Approach) -> str:
        return approach.take(begun[approach], _turn(length))

    calls = {approach: partial(take, approach) for approach in approaches}
    samples = rounds.interleaved(calls, rounds=times, warm_up=2, before=renew)
    for approach, taken in samples.items():
        carried = len(begun[approach])
        line = {"turns": length, "carried_bytes": carried, **report.timing(taken)}
        result.add("turn", approach=approach.name, **line)


def _turn(number: int, device: str = "") -> Turn:
    """A question, and an answer four times as long."""
    question = conversations.text(2 * number, WORDS * 2 // 5)
    answer = conversations.text(2 * number + 1, WORDS * 8 // 5)
    return f"{device}-{number}", f"{device} {question}", answer


def _messages(turns: Iterable[Turn]) -> Messages:
    roles = ("user", "assistant")
    return [pair for _, *said in turns for pair in zip(roles, said, strict=True)]


if __name__ == "__main__":
    main()
