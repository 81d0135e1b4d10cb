"""Which connections are closed, and which requests are refused for where they come from."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from chatproject.serving.gateway.connections import Connection, Guard, InProgress, address_of
from sessions_app.domain.errors import Overloaded
from tests.chatproject.serving.gateway.test_gateway import scope


def connection(number: int, address: str = "10.0.0.1") -> Connection:
    return Connection(number, number, (address, number))


def test_an_address_has_so_many_and_the_oldest_idle_ones_are_closed(settings: Any):
    settings.CONNECTIONS_PER_ADDRESS = 2
    guard = Guard(InProgress())
    connections = [*(connection(n) for n in range(4)), connection(9, "10.0.0.2")]
    assert [each.descriptor for each in guard.surplus(connections)] == [0, 1]


def test_a_connection_with_a_request_in_progress_is_not_closed(settings: Any):
    settings.CONNECTIONS_PER_ADDRESS = 1
    in_progress = InProgress()
    guard = Guard(in_progress)
    with in_progress.request(scope(client=("10.0.0.1", 0))):
        surplus = guard.surplus([connection(n) for n in range(3)])
    assert [each.descriptor for each in surplus] == [1, 2]


def test_there_is_always_room_for_a_new_one(settings: Any):
    settings.CONNECTIONS_MAX = 8
    guard = Guard(InProgress())
    everybody = [connection(n, f"10.0.0.{n}") for n in range(8)]
    assert len(guard.surplus(everybody)) == 1


def test_a_connection_without_a_request_for_long_is_closed(settings: Any):
    settings.IDLE_SECONDS = 30
    in_progress = InProgress()
    guard = Guard(in_progress)
    now = time.monotonic() + 100
    silent, answered, busy, fresh = (connection(n) for n in range(4))
    fresh = replace(fresh, seen_at=now - 5)
    with in_progress.request(scope(client=answered.peer)):
        pass
    connections = [silent, answered, busy, fresh]
    with in_progress.request(scope(client=busy.peer)):
        assert guard.stale(connections, now) == {silent, answered}
        assert guard.stale(connections, in_progress.answered_at(answered.peer) + 5) == {silent}


def test_answers_of_connections_that_are_gone_are_forgotten():
    in_progress = InProgress()
    with in_progress.request(scope(client=("10.0.0.1", 5))):
        pass
    in_progress.keep({("10.0.0.1", 5)})
    assert in_progress.answered_at(("10.0.0.1", 5)) > 0
    in_progress.keep(set())
    assert in_progress.answered_at(("10.0.0.1", 5)) == 0


def test_behind_a_proxy_connections_are_not_counted_by_address(settings: Any):
    settings.CONNECTIONS_PER_ADDRESS = 1
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    assert Guard(InProgress()).surplus([connection(n) for n in range(5)]) == []


def test_an_address_with_too_many_requests_in_progress_is_refused(settings: Any):
    settings.CONNECTIONS_PER_ADDRESS = 2
    in_progress = InProgress()
    with ExitStack() as stack:
        for port in (1, 2):
            stack.enter_context(in_progress.request(scope(client=("10.0.0.1", port))))
        with pytest.raises(Overloaded), in_progress.request(scope(client=("10.0.0.1", 3))):
            pytest.fail("there were two already")
        with in_progress.request(scope(client=("10.0.0.2", 3))):
            assert in_progress.has(("10.0.0.2", 3))
    with in_progress.request(scope(client=("10.0.0.1", 3))):
        assert in_progress.has(("10.0.0.1", 3))
    assert not in_progress.has(("10.0.0.1", 3))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, b"1.1.1.1", "10.0.0.1"),
        (1, b"1.1.1.1, 2.2.2.2", "2.2.2.2"),
        (2, b"1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, b"2.2.2.2", "2.2.2.2"),
        (1, b"", "10.0.0.1"),
    ],
)
def test_the_address_is_the_one_that_the_trusted_proxies_name(
    settings: Any, proxies: int, forwarded: bytes, address: str
):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    assert address_of(scope(headers=[(b"x-forwarded-for", forwarded)])) == address


def test_an_address_that_came_over_ipv6_is_the_same_address():
    assert address_of(scope(client=("::ffff:10.0.0.1", 5))) == "10.0.0.1"


@pytest.fixture
def accepted(settings: Any) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection of this process, from both ends: the client's, and the one that it accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.PORT = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", settings.PORT), 10) as client:
            server, _ = listener.accept()
            with server:
                server.settimeout(10)
                yield client, server


def test_it_sees_what_this_process_has_accepted_and_nothing_else(accepted: Any):
    client, server = accepted
    seen = Guard(InProgress()).connections()
    assert [(each.descriptor, each.peer) for each in seen] == [
        (server.fileno(), client.getsockname())
    ]


def test_the_client_of_a_closed_connection_notices_and_its_owner_keeps_the_descriptor(
    accepted: Any, settings: Any
):
    client, server = accepted
    settings.CONNECTIONS_PER_ADDRESS = 0
    assert Guard(InProgress()).look() == 1
    assert client.recv(1) == b""
    assert server.fileno() > 0
    assert server.recv(1) == b""
