"""How many people may chat at once, and what becomes of those who are too many?

Users append, read, list, search, look at windows and have turns streamed by a scripted model, in a
mix like that of a chat page; each pauses about a second after an answer. Their number rises by half
from step to step until the p95 of a step passes 250 ms or an answer is an error; `users held` is
the last number before. Then four times as many come at once and pause for 20 ms (`overload`): each
answer is to be one, or a 429 or 503 with `Retry-After`. When only those come again who were held,
the service has recovered at the half second from which on all have a p95 below 250 ms and no error
(`recovery`). At the end they chat for `--minutes`, and the resident memory of the workers is read
in twenty parts: at the end it is at most a tenth over what it was after the first fifth.

The clients, the model's server and MongoDB share the machine with the service.
"""

import itertools
import os
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.harness import chatters, conversations, load, model_server, report, service, store
from benchmarks.harness.chatters import FAILED, Chatters, Request, Sample
from benchmarks.harness.service import Served

P95_MS, RECOVERY_SECONDS, GROWTH = 250.0, 5.0, 1.1
PAUSE, CROWD_PAUSE = 1.0, 0.02
FIRST_USERS, RISE, MOST_USERS = 16, 1.5, 1_000
WORDS, HISTORY = 60, 40
FIRST_PIECE, PIECES, PIECES_A_SECOND = 0.05, 20, 40.0
REFUSED = {429, 503}
PARTS, SETTLED = 20, 4
_MOMENT = 0.5


def main() -> None:
    """Parse, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--seconds", type=float, help="of each step")
    parser.add_argument("--minutes", type=float, help="for which memory is watched")
    parser.add_argument("--most", type=int, default=MOST_USERS, help="users of the last step")
    options = parser.parse_args()
    seconds = options.seconds or (3 if options.short else 20)
    minutes = options.minutes or (0.1 if options.short else 10)
    result = report.Report("load")
    model = {"pieces": PIECES, "rate": PIECES_A_SECOND, "first": FIRST_PIECE}
    with model_server.serving(**model) as base_url, store.own_store(options.dir, result) as client:
        os.environ |= {"LLM_BASE_URL": base_url, "LLM_MODEL": "scripted"}
        people = People()
        with (
            service.served(client) as served,
            chatters.chatters(served.client.port, model_ms=FIRST_PIECE * 1_000) as crowd,
        ):
            most_users = _rising(result, served, crowd, people, seconds, options.most)
            if "overload" not in options.skip:
                _overload(result, crowd, people, most_users, seconds)
            if "memory" not in options.skip:
                _memory(result, served, crowd, people.first(most_users), minutes * 60)
    result.table()


class People:
    """Users with a session each, and what they do; made when they are first needed."""

    def __init__(self) -> None:
        self._known: list[list[Request]] = []

    def first(self, number: int) -> list[list[Request]]:
        """The first so many."""
        while len(self._known) < number:
            user = service.users(1)[0]
            session_id = conversations.create(user.id, HISTORY, words=WORDS)
            self._known.append(list(_mix(user.token, f"/session/{session_id}")))
        return self._known[:number]


def _mix(token: str, path: str) -> Iterator[Request]:
    """What a user does, and how often."""
    message = {"content": conversations.text(1, WORDS)}
    for kind, share, method, place, body in (
        ("append", 0.30, "POST", f"{path}/message", message),
        ("read", 0.25, "GET", f"{path}/messages?after={HISTORY - 10}", None),
        ("list", 0.20, "GET", "/session", None),
        ("context", 0.10, "GET", f"{path}/context", None),
        ("turn", 0.10, "POST", f"{path}/chat", message | {"stream": True}),
        ("search", 0.05, "GET", "/session/search?q=garden", None),
    ):
        yield kind, share, load.request(method, place, token=token, body=body)


def _rising(
    result: report.Report,
    served: Served,
    crowd: Chatters,
    people: People,
    seconds: float,
    most: int,
) -> int:
    """A line for each number of users; the greatest that were held."""
    most_users, users = 0, FIRST_USERS
    # What is done once in a process does not count.
    crowd.chat(people.first(FIRST_USERS), seconds=min(3, seconds), pause=0.1)
    while users <= most:
        chatting = people.first(users)
        report.progress(f"{users} users …")
        before = served.cpu_seconds()
        samples = crowd.chat(chatting, seconds=seconds, pause=PAUSE)
        spent = {name: used - before[name] for name, used in served.cpu_seconds().items()}
        p95 = report.quantile([each.ms for each in samples], 0.95)
        errors = sum(each.status not in {200, 201} for each in samples)
        result.add(
            "users",
            users=users,
            per_second=round(len(samples) / seconds, 1),
            **report.timing([each.ms for each in samples]),
            **_p95_by_kind(samples),
            errors=errors,
            worker_cores=round(spent["workers"] / seconds, 2),
            mongod_cores=round(spent["mongod"] / seconds, 2),
        )
        if p95 > P95_MS or errors:
            break
        most_users, users = users, int(users * RISE)
    result.add("users held", users=most_users, p95_ms_at_most=P95_MS)
    return most_users or FIRST_USERS


def _p95_by_kind(samples: Sequence[Sample]) -> dict[str, float]:
    kinds = sorted({each.kind for each in samples})
    return {
        f"{kind}_p95_ms": round(
            report.quantile([each.ms for each in samples if each.kind == kind], 0.95), 1
        )
        for kind in kinds
    }


def _overload(
    result: report.Report, crowd: Chatters, people: People, most_users: int, seconds: float
) -> None:
    many = min(4 * most_users, MOST_USERS)
    report.progress(f"{many} users at once …")
    samples = crowd.chat(people.first(many), seconds=seconds, pause=CROWD_PAUSE)
    statuses = Counter(each.status for each in samples)
    result.add(
        "overload",
        users=many,
        per_second=round(len(samples) / seconds, 1),
        answered=sum(number for status, number in statuses.items() if status in {200, 201}),
        refused=sum(number for status, number in statuses.items() if status in REFUSED),
        refused_without_retry_after=sum(
            each.status in REFUSED and not each.says_when for each in samples
        ),
        failed=statuses[FAILED],
        statuses={str(status): number for status, number in sorted(statuses.items())},
    )
    calm = crowd.chat(people.first(most_users), seconds=2 * RECOVERY_SECONDS, pause=PAUSE)
    took = _recovered(calm)
    result.add("recovery", users=most_users, seconds=took, ratio=took, target=RECOVERY_SECONDS)


def _recovered(samples: Sequence[Sample]) -> float:
    """When the first moment began from which on all moments were good."""
    moments: dict[int, list[Sample]] = {}
    for each in samples:
        moments.setdefault(int(each.at / _MOMENT), []).append(each)
    bad = [
        moment
        for moment, of_moment in moments.items()
        if report.quantile([each.ms for each in of_moment], 0.95) > P95_MS
        or any(each.status not in {200, 201} for each in of_moment)
    ]
    return (max(bad) + 1) * _MOMENT if bad else 0.0


def _memory(
    result: report.Report,
    served: Served,
    crowd: Chatters,
    chatting: Sequence[Sequence[Request]],
    seconds: float,
) -> None:
    report.progress(f"{seconds / 60:g} minutes of memory …")
    resident: list[float] = []
    answers = 0
    for _ in range(PARTS):
        answers += len(crowd.chat(chatting, seconds=seconds / PARTS, pause=PAUSE))
        resident.append(served.workers_rss() / 2**20)
    settled = statistics.median(itertools.islice(resident, SETTLED - 1, SETTLED + 2))
    result.add(
        "resident memory of the workers",
        minutes=round(seconds / 60, 1),
        users=len(chatting),
        answers=answers,
        mb_settled=round(settled, 1),
        mb_at_end=round(resident[-1], 1),
        mb_series=[round(mb) for mb in resident],
        ratio=round(resident[-1] / settled, 3),
        target=GROWTH,
    )


if __name__ == "__main__":
    main()
