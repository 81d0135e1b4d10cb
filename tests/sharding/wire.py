"""MongoDB's wire protocol, as much of it as a router needs (OP_MSG, driver specification)."""

import socket
import struct
from dataclasses import dataclass
from typing import Any

import bson

_HEADER = struct.Struct("<iiii")
_OP_MSG, _OP_QUERY, _OP_REPLY = 2013, 2004, 1


@dataclass(frozen=True)
class Received:
    """A message: its bytes, and the command that they say."""

    raw: bytes
    request_id: int
    opcode: int
    command: dict[str, Any]

    @property
    def name(self) -> str:
        return next(iter(self.command))

    @property
    def collection(self) -> str:
        return str(self.command[self.name])


def receive(connection: socket.socket) -> bytes:
    """One message; empty when the other side has closed."""
    head = _exactly(connection, _HEADER.size)
    if not head:
        return b""
    return head + _exactly(connection, _HEADER.unpack(head)[0] - _HEADER.size)


def parse(raw: bytes) -> Received:
    """The command, with its document sequences as lists."""
    _, request_id, _, opcode = _HEADER.unpack_from(raw)
    if opcode == _OP_QUERY:  # the driver's first hello
        start = raw.index(b"\0", _HEADER.size + 4) + 1 + 8
        return Received(raw, request_id, opcode, bson.decode(raw[start:]))
    assert opcode == _OP_MSG
    place, command = _HEADER.size + 4, {}
    while place < len(raw):
        kind, place = raw[place], place + 1
        (size,) = struct.unpack_from("<i", raw, place)
        section = raw[place : place + size]
        place += size
        if kind == 0:
            command = {**bson.decode(section), **command}
        else:
            name, _, documents = section[4:].partition(b"\0")
            command[name.decode()] = bson.decode_all(documents)
    # The command's own name is first in the body section, which the driver sends first.
    return Received(raw, request_id, opcode, command)


def answer(received: Received, document: dict[str, Any]) -> bytes:
    """A reply of our own."""
    body = bson.encode(document)
    if received.opcode == _OP_QUERY:
        body = struct.pack("<iqii", 0, 0, 0, 1) + body
        opcode = _OP_REPLY
    else:
        body, opcode = struct.pack("<iB", 0, 0) + body, _OP_MSG
    return _HEADER.pack(_HEADER.size + len(body), 1, received.request_id, opcode) + body


def request(document: dict[str, Any]) -> bytes:
    """A command of our own."""
    body = struct.pack("<IB", 0, 0) + bson.encode(document)
    return _HEADER.pack(_HEADER.size + len(body), 1, 0, _OP_MSG) + body


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            return b""
        parts += part
    return parts
