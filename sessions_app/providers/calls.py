"""A call over the network that ends when it should: at its limits, or when somebody closes it.

httpx bounds each wait by one time that is fixed for the whole request, and nothing in it wakes a
thread that waits. Here a connection knows the call that it serves at the moment: no wait is longer
than what that call has left, and closing the call shuts the connection down.
"""

import math
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpcore2
import httpx2

_LONGEST_SECONDS = 24 * 3600.0


class Call:
    """One call: at most `silence_seconds` without progress, `total_seconds` in all.

    The clock runs from when it is made. Any thread may close it.
    """

    def __init__(self, *, silence_seconds: float, total_seconds: float = math.inf) -> None:
        self._silence_seconds = silence_seconds
        self._end = time.monotonic() + total_seconds
        self._closed = threading.Event()
        self._connection: _Connection | None = None
        self._settled = False
        self.progress()

    @property
    def closed(self) -> bool:
        """Whether somebody has closed it."""
        return self._closed.is_set()

    def progress(self) -> None:
        """Something came: the silence begins anew."""
        self._deadline = min(self._end, time.monotonic() + self._silence_seconds)

    @property
    def seconds_left(self) -> float:
        """Until the nearer of its limits; negative after it."""
        return self._deadline - time.monotonic()

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until it is closed."""
        self._closed.wait(seconds)

    def close(self) -> None:
        """End it at once: whoever waits for its connection finds that closed."""
        self._closed.set()
        if self._connection is not None and not self._settled:
            self._connection.shut(self)

    def settle(self, seconds: float) -> None:
        """It has what it wanted, and so much longer for the rest.

        Closing it from here on changes nothing: the connection is about to be somebody else's.
        """
        self._settled = True
        self._deadline = time.monotonic() + seconds

    @contextmanager
    def on_this_thread(self) -> Iterator[None]:
        """The requests that this thread sends meanwhile belong to this call."""
        _current.call = self
        try:
            yield
        finally:
            _current.call = None

    def served_by(self, connection: "_Connection") -> None:
        """From now on this connection is what closing it shuts."""
        self._connection = connection
        # Whoever closed it a moment ago did not see the connection.
        if self.closed:
            connection.shut(self)


class _Current(threading.local):
    call: Call | None = None


_current = _Current()


def make_closable(client: httpx2.Client) -> None:
    """Let the calls of `client` be closed and limited.

    httpx has no public seam for its network backend; a test fails if this one moves.
    """
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _Backend()


class _Backend(httpcore2.SyncBackend):
    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _Connection(super().connect_tcp(*args, **kwargs))


class _Connection(httpcore2.NetworkStream):
    """A connection and the call that it serves, from a request's first byte to the next one's."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        found = stream.get_extra_info("socket")
        # Of TLS the object knows no limit of the kernel's.
        self._plain = found if type(found) is socket.socket else None
        self._lock = threading.Lock()
        self._call: Call | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        limit = self._limited(timeout)
        if self._plain is None or limit is None:
            return self._stream.read(max_bytes, limit)
        return _received(self._plain, max_bytes, limit)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._call is not _current.call:
            self._serve(_current.call)
        self._stream.write(buffer, self._limited(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _Connection(self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _limited(self, timeout: float | None) -> float | None:
        call = self._call
        if call is None:
            return timeout
        left = call.seconds_left
        # A server that always has a byte ready would never run into a time-out of the socket.
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left if timeout is None else min(left, timeout)

    def _serve(self, call: Call | None) -> None:
        with self._lock:
            self._call = call
        if call is not None:
            call.served_by(self)

    def shut(self, call: Call) -> None:
        with self._lock:
            found = self._stream.get_extra_info("socket") if self._call is call else None
            if found is not None:
                # Of TLS, too, the plain one: its own must not be used while another thread reads.
                with suppress(OSError):
                    socket.socket.shutdown(found, socket.SHUT_RDWR)


def _received(sock: socket.socket, max_bytes: int, seconds: float) -> bytes:
    """The next bytes; raises as `httpcore2.NetworkStream.read`.

    The kernel keeps the time. A time-out of Python's would be three system calls, each of which
    hands the interpreter's lock to another of two hundred threads and has to come by it again.
    """
    if sock.gettimeout() is not None:
        sock.settimeout(None)
    whole = max(1, math.ceil(min(seconds, _LONGEST_SECONDS) * 1e6))
    limit = struct.pack("@ll", *divmod(whole, 1_000_000))
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        return sock.recv(max_bytes)
    except BlockingIOError as error:
        raise httpcore2.ReadTimeout from error
    except OSError as error:
        raise httpcore2.ReadError from error
