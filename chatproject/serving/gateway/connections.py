"""Which connections this process has, and which of them it closes.

The server accepts connections by itself and tells of requests only. So that no address takes them
all, and that there is always room for a new one, this module looks at the process's own sockets
now and then, and shuts those down on which nothing is in progress: it leaves the descriptor to the
server, which notices the end and closes it.
"""

import ipaddress
import os
import socket
import stat
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from django.conf import settings

from sessions_app.domain.errors import Overloaded

Scope = MutableMapping[str, Any]
Peer = tuple[str, int]

LOOK_SECONDS = 0.5
_DESCRIPTORS = Path("/proc/self/fd")


class InProgress:
    """The requests that this process works on, by connection and by address.

    Changed on the event loop; the guard's thread reads it.
    """

    def __init__(self) -> None:
        self._by_peer = Counter[Peer]()
        self._by_address = Counter[str]()
        self._answered: dict[Peer, float] = {}

    @contextmanager
    def request(self, scope: Scope) -> Iterator[None]:
        """One request, as long as the block; raises Overloaded where its address has too many."""
        peer = _peer(scope)
        address = address_of(scope) if _has_proxies() else peer[0]
        if address and self._by_address[address] >= settings.CONNECTIONS_PER_ADDRESS:
            raise Overloaded(
                "Too many requests of this address are in progress; try again.", retry_after=1
            )
        self._by_peer[peer] += 1
        self._by_address[address] += 1
        try:
            yield
        finally:
            # First: between the two the connection must not look idle.
            self._answered[peer] = time.monotonic()
            _subtract(self._by_peer, peer)
            _subtract(self._by_address, address)

    def has(self, peer: Peer) -> bool:
        """Whether a request of this connection is in progress."""
        return peer in self._by_peer

    def answered_at(self, peer: Peer) -> float:
        """When this connection's last answer ended, on the monotonic clock; 0 for none."""
        return self._answered.get(peer, 0)

    def keep(self, peers: Container[Peer]) -> None:
        """Forget the answers of connections that are gone."""
        for peer in list(self._answered):
            if peer not in peers:
                self._answered.pop(peer, None)


def _subtract(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


def _peer(scope: Scope) -> Peer:
    client: tuple[str, int] = scope.get("client") or ("", 0)
    host, port = client
    return _plain(str(host)), int(port)


def address_of(scope: Scope) -> str:
    """The client's address, as proxies name it where `NUM_PROXIES` of them are in front."""
    proxies = cast("int", settings.REST_FRAMEWORK["NUM_PROXIES"])
    if proxies:
        named = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
        addresses = b",".join(named).decode("latin-1").split(",")
        return addresses[-min(proxies, len(addresses))].strip() or _peer(scope)[0]
    return _peer(scope)[0]


def _plain(host: str) -> str:
    """An IPv4 address that came over an IPv6 socket, as itself."""
    if ":" not in host:
        return host
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        return str(getattr(address, "ipv4_mapped", None) or address)
    return host


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that the server has accepted; `inode` tells it from a later one.

    `seen_at` is when it was first seen, on the monotonic clock.
    """

    descriptor: int
    inode: int
    peer: Peer
    seen_at: float = field(default=0, compare=False)


class Guard:
    """Closes connections that are idle for long, and idle ones where there are too many.

    The server closes an idle connection of HTTP/1 by itself. One that has not said a word yet may
    become one of HTTP/2, and the server waits for those without end.
    """

    def __init__(self, in_progress: InProgress) -> None:
        self._in_progress = in_progress
        self._known: dict[int, Connection | int] = {}
        self._ended = threading.Event()

    def start(self) -> None:
        """Look now and then, until `stop`; where the system does not show sockets, do nothing."""
        if _DESCRIPTORS.is_dir():
            threading.Thread(target=self._run, name="connections", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> int:
        """Close what is too much; how many that were."""
        connections = self.connections()
        self._in_progress.keep({each.peer for each in connections})
        stale = self.stale(connections, time.monotonic())
        rest = [each for each in connections if each not in stale]
        closing = [*stale, *self.surplus(rest)]
        for connection in closing:
            _shut_down(connection)
        return len(closing)

    def stale(self, connections: list[Connection], now: float) -> set[Connection]:
        """The connections that have been idle for longer than `IDLE_SECONDS`."""
        return {
            each
            for each in self._idle(connections)
            if now - max(each.seen_at, self._in_progress.answered_at(each.peer))
            > settings.IDLE_SECONDS + LOOK_SECONDS
        }

    def surplus(self, connections: list[Connection]) -> list[Connection]:
        """The idle connections to be closed, those accepted first before later ones."""
        by_address: dict[str, list[Connection]] = defaultdict(list)
        for connection in connections:
            by_address[connection.peer[0]].append(connection)
        # A proxy has one address for all its clients.
        cap = settings.CONNECTIONS_PER_ADDRESS if not _has_proxies() else settings.CONNECTIONS_MAX
        surplus: list[Connection] = []
        for of_address in by_address.values():
            surplus += self._idle(of_address)[: max(0, len(of_address) - cap)]
        # With some to spare: the server accepts no more once it has so many.
        room = settings.CONNECTIONS_MAX * 7 // 8
        over = len(connections) - len(surplus) - room
        if over > 0:
            chosen = set(surplus)
            surplus += [each for each in self._idle(connections) if each not in chosen][:over]
        return surplus

    def _idle(self, connections: list[Connection]) -> list[Connection]:
        return [each for each in connections if not self._in_progress.has(each.peer)]

    def connections(self) -> list[Connection]:
        """The connections of this process at the port that it serves, by age as far as known."""
        seen: dict[int, Connection | int] = {}
        for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - four times as quick as iterdir
            descriptor = int(name)
            inode = _socket_inode(descriptor)
            if inode is None:
                continue
            known = self._known.get(descriptor)
            if known is None or (known.inode if isinstance(known, Connection) else known) != inode:
                known = _accepted(descriptor, inode) or inode
            seen[descriptor] = known
        self._known = seen
        accepted = [each for each in seen.values() if isinstance(each, Connection)]
        return sorted(accepted, key=lambda connection: connection.inode)


def _has_proxies() -> bool:
    return bool(settings.REST_FRAMEWORK["NUM_PROXIES"])


def _socket_inode(descriptor: int) -> int | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_ino if stat.S_ISSOCK(status.st_mode) else None


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """The socket behind a descriptor of somebody else; closing the copy does not close it."""
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        yield copy


def _accepted(descriptor: int, inode: int) -> Connection | None:
    """The connection, if it was accepted at the port that is served."""
    try:
        with _borrowed(descriptor) as copy:
            if copy.family not in {socket.AF_INET, socket.AF_INET6}:
                return None
            if copy.getsockname()[1] != settings.PORT:
                return None
            host, port = copy.getpeername()[:2]
    # A listener, or closed meanwhile.
    except OSError:
        return None
    return Connection(descriptor, inode, (_plain(host), port), time.monotonic())


def _shut_down(connection: Connection) -> None:
    with suppress(OSError), _borrowed(connection.descriptor) as copy:
        # Closed by the server meanwhile, the descriptor may be another socket's by now.
        if os.fstat(copy.fileno()).st_ino == connection.inode:
            copy.shutdown(socket.SHUT_RDWR)
