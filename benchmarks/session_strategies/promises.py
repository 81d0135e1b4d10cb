"""What becomes of a conversation when things go as they do: two devices, a thief, a lost worker."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from benchmarks.harness import report
from benchmarks.session_strategies import servers
from benchmarks.session_strategies.device import Answer, Device
from benchmarks.session_strategies.servers import Site

# A conversation whose turns all are among the newest messages that a strategy shows.
_TURNS, _TURNS_EACH = 24, 12
_TIMES = 4
_ATTEMPTS, _PATIENCE_SECONDS = 20, 10.0
_POLL_SECONDS, _PAUSE_SECONDS = 0.02, 0.01


def two_devices(result: report.Report, sites: Mapping[str, Site]) -> None:
    """Both take turns at once in one conversation; what the first then finds in it."""
    for name, site in sites.items():
        acknowledged = found = 0
        for _ in range(_TIMES):
            said, there = _side_by_side(site)
            acknowledged += len(said)
            found += sum(there[one] > 0 for one in said)
        result.add(
            "two devices at once",
            strategy=name,
            turns=_TIMES * 2 * _TURNS_EACH,
            acknowledged=acknowledged,
            lost=acknowledged - found,
        )


def _side_by_side(site: Site) -> tuple[list[str], Counter[str]]:
    """What was acknowledged to either device, and what the first then finds."""
    first = site.device()
    first.start("somebody")
    acknowledged: list[str] = []

    def take(device: Device, who: str) -> None:
        names = [f"{who}-{number}" for number in range(_TURNS_EACH)]
        acknowledged.extend(
            name for n, name in enumerate(names) if device.turn(n, name=name).status == 200
        )

    devices = {"laptop": first, "phone": first.twin()}
    threads = [threading.Thread(target=take, args=(one, who)) for who, one in devices.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return acknowledged, _questions(first)


def revoked(result: report.Report, sites: Mapping[str, Site], lifetime: float) -> None:
    """Somebody signs out; a thief goes on with what was copied before. For how long?"""
    for name, site in sites.items():
        owner = site.device()
        owner.start("somebody")
        thief = owner.twin()
        _insist(thief.read)
        _insist(lambda owner=owner: owner.call("POST", "/end"))
        ended = time.monotonic()
        deadline = ended + lifetime + 5
        while thief.read().status == 200 and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        works = time.monotonic() - ended
        by_clock = works > lifetime / 2
        result.add(
            "revoked",
            strategy=name,
            worked_for_seconds=round(works, 2),
            until="its end" if by_clock else "at once",
            lifetime_here_seconds=lifetime if by_clock else None,
        )


def lost_worker(result: report.Report, sites: Mapping[str, Site]) -> None:
    """`kill -9` of one worker of two in the middle of a conversation; the client tries again."""
    for name, site in sites.items():
        told, lost, doubled, waited = 0, 0, 0, []
        for _ in range(_TIMES):
            said, wait, there = _through_a_death(site)
            told += len(said)
            lost += sum(not there[one] for one in said)
            doubled += sum(there[one] > 1 for one in said)
            waited.append(wait)
            servers.wait_for_workers(site)
        result.add(
            "lost worker",
            strategy=name,
            turns=_TIMES * _TURNS,
            acknowledged=told,
            lost=lost,
            doubled=doubled,
            longest_wait_seconds=round(max(waited), 2),
        )


def _through_a_death(site: Site) -> tuple[list[str], float, Counter[str]]:
    """What was acknowledged, the longest that a turn took, and what is found at the end."""
    device = site.device()
    device.start("somebody")
    acknowledged: list[str] = []
    longest = 0.0
    for number in range(_TURNS):
        if number == _TURNS // 2:
            threading.Timer(_PAUSE_SECONDS / 2, _kill_one, args=(site,)).start()
        started, strangers = time.monotonic(), 0
        while strangers < _ATTEMPTS and time.monotonic() < started + _PATIENCE_SECONDS:
            status = _attempt(device, number, f"turn-{number}")
            if status == 200:
                acknowledged.append(f"turn-{number}")
                longest = max(longest, time.monotonic() - started)
                break
            strangers += status == 401
            time.sleep(_PAUSE_SECONDS)
    return acknowledged, longest, _questions(device)


def replayed(result: report.Report, sites: Mapping[str, Site]) -> None:
    """A turn that is sent again because its answer got lost; a credential from the past."""
    for name, site in sites.items():
        device = site.device()
        _insist(lambda device=device: device.start("somebody"))
        for number in range(5):
            _insist(lambda n=number, d=device: d.turn(n, name=f"turn-{n}"))
        past = device.twin()
        again = device.twin()
        _insist(lambda d=device: d.turn(5, name="turn-5", key="the-same"))
        # The client never saw the answer, so it carries what it carried before.
        device.headers = dict(again.headers)
        _insist(lambda d=device: d.turn(5, name="turn-5", key="the-same"))
        copies = _questions(device)["turn-5"]
        for number in range(6, 10):
            _insist(lambda n=number, d=device: d.turn(n, name=f"turn-{n}"))
        shown = _insist(past.read).body.get("count", 0) // 2
        accepted = _insist(lambda p=past: p.turn(10, name="replay")).status == 200
        result.add(
            "replayed",
            strategy=name,
            turns=10,
            copies_of_a_repeated_turn=copies,
            turns_that_an_old_credential_shows=shown,
            and_it_takes_a_turn=accepted,
        )


def _attempt(device: Device, number: int, said: str) -> int:
    """The status; 0 where no worker listens."""
    try:
        return device.turn(number, name=said, key=said).status
    except OSError:
        return 0


def _kill_one(site: Site) -> None:
    """The oldest: granian takes the same worker's second death within seconds for a crash loop."""
    os.kill(site.workers()[0].pid, signal.SIGKILL)


def _questions(device: Device) -> Counter[str]:
    """How often each question is among the newest messages, by its first word."""
    messages = _insist(device.read).body.get("messages", [])
    return Counter(content.split()[0] for role, content in messages if role == "user")


def _insist(call: Callable[[], Answer]) -> Answer:
    """Where workers do not share memory, only one of them knows who asks: ask a few times."""
    answer = Answer(0, {}, 0, 0, 0)
    for _ in range(_ATTEMPTS):
        try:
            answer = call()
        except OSError:  # nobody listens just now
            time.sleep(0.2)
        if answer.status == 200:
            break
    return answer
