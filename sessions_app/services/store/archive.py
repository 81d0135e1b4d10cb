"""A backup as a directory: chunks, each compressed, sealed where there is a key, and a manifest.

A chunk is complete once it has its name, and part of the backup once the manifest lists it, so a
run that was stopped goes on behind the last one that is listed. With a key, each chunk is encrypted
and authenticated by AES-256-GCM under its name and number, by a key that scrypt derives from what
is in the key file; the seal does the same for the list of chunks. The manifest itself holds no data
of anybody.
"""

import gzip
import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from sessions_app.domain.errors import InvalidInput

FORMAT = 1
_MANIFEST = "manifest.json"
_SEAL = "seal"
_NONCE_BYTES = 12
_KEY_MIN_BYTES = 16
# https://www.rfc-editor.org/rfc/rfc7914#section-2 : 128 MB and about half a second.
_SCRYPT = {"n": 2**17, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file: records of the part `name`, and the digest of the file."""

    name: str
    number: int
    records: int
    sha256: str

    @property
    def file(self) -> str:
        """Its name in the directory."""
        return f"{self.name}.{self.number:06d}"


@dataclass
class Manifest:
    """What a backup consists of; `finished` are the parts that have all their chunks."""

    backup_id: str
    started: list[int]
    salt: str | None
    chunks: list[Chunk] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    taken_at: str | None = None
    complete: bool = False
    format: int = FORMAT


class Archive:
    """A backup that is being written, or read."""

    def __init__(self, directory: Path, manifest: Manifest, secret: bytes | None) -> None:
        self._directory = directory
        self.manifest = manifest
        self._cipher = _cipher(secret, manifest.salt)

    @classmethod
    def create(cls, directory: Path, *, started: list[int], secret: bytes | None) -> "Archive":
        """A new one in a directory that is empty, or not there; only its owner may read it."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise InvalidInput("The directory is not empty, and holds no backup that was begun.")
        salt = secrets.token_hex(16) if secret else None
        archive = cls(directory, Manifest(secrets.token_hex(8), started, salt), secret)
        archive.save()
        return archive

    @classmethod
    def open(cls, directory: Path, *, secret: bytes | None) -> "Archive":
        """One that is there, complete or not; raises InvalidInput."""
        try:
            stored = json.loads((directory / _MANIFEST).read_text(encoding="utf-8"))
            if stored.get("format") != FORMAT:
                raise InvalidInput("The backup is of another format; use the release that made it.")
            chunks = [Chunk(**chunk) for chunk in stored.pop("chunks")]
            manifest = Manifest(**stored, chunks=chunks)
        except FileNotFoundError as error:
            raise InvalidInput("There is no backup in this directory.") from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidInput("The backup's manifest cannot be read.") from error
        return cls(directory, manifest, secret)

    @staticmethod
    def is_begun(directory: Path) -> bool:
        """Whether there is one."""
        return (directory / _MANIFEST).exists()

    def of(self, name: str) -> list[Chunk]:
        """The chunks of a part, in order."""
        return [chunk for chunk in self.manifest.chunks if chunk.name == name]

    def add(self, name: str, content: bytes, *, records: int) -> None:
        """Write the next chunk of a part, and list it."""
        number = len(self.of(name))
        sealed = self._sealed(f"{name}.{number:06d}", content)
        chunk = Chunk(name, number, records, hashlib.sha256(sealed).hexdigest())
        _write(self._directory / chunk.file, sealed)
        self.manifest.chunks.append(chunk)
        self.save()

    def drop(self, names: Collection[str]) -> None:
        """Remove the chunks of parts that are to be written anew."""
        dropped = [chunk for chunk in self.manifest.chunks if chunk.name in names]
        self.manifest.chunks = [c for c in self.manifest.chunks if c.name not in names]
        self.save()
        for chunk in dropped:
            (self._directory / chunk.file).unlink(missing_ok=True)

    @property
    def documents(self) -> int:
        """How many documents it holds, but for those that changed while it was written."""
        return sum(self.records(name) for name in self.manifest.finished)

    def records(self, name: str) -> int:
        """How many records a part has."""
        return sum(chunk.records for chunk in self.of(name))

    def size(self) -> int:
        """Its bytes on the disk."""
        return sum((self._directory / chunk.file).stat().st_size for chunk in self.manifest.chunks)

    def finish(self, name: str) -> None:
        """The part has all its chunks."""
        self.manifest.finished.append(name)
        self.save()

    def complete(self, taken_at: str) -> None:
        """All is there, as it was at that time."""
        self.manifest.taken_at, self.manifest.complete = taken_at, True
        _write(self._directory / _SEAL, self._sealed(_SEAL, self._listing()))
        self.save()

    def verify(self) -> None:
        """Every chunk is there and as it was written; raises InvalidInput."""
        if not self.manifest.complete:
            raise InvalidInput("The backup is not complete; run backup again to go on with it.")
        if self._opened(_SEAL, self._read(_SEAL)) != self._listing():
            raise InvalidInput("The backup's list of chunks has been changed.")
        for chunk in self.manifest.chunks:
            if hashlib.sha256(self._read(chunk.file)).hexdigest() != chunk.sha256:
                raise InvalidInput(f"The backup is damaged: {chunk.file} is not as it was written.")

    def read(self, chunk: Chunk) -> bytes:
        """What a chunk holds; raises InvalidInput."""
        return self._opened(chunk.file, self._read(chunk.file))

    def contents(self, name: str) -> Iterator[bytes]:
        """What the chunks of a part hold, in order."""
        return (self.read(chunk) for chunk in self.of(name))

    def save(self) -> None:
        """Write the manifest."""
        text = json.dumps(asdict(self.manifest), indent=1)
        _write(self._directory / _MANIFEST, text.encode())

    def _listing(self) -> bytes:
        listed: Mapping[str, Any] = asdict(self.manifest)
        return json.dumps(listed, sort_keys=True).encode()

    def _read(self, name: str) -> bytes:
        try:
            return (self._directory / name).read_bytes()
        except OSError as error:
            raise InvalidInput(f"The backup is damaged: {name} cannot be read.") from error

    def _sealed(self, name: str, content: bytes) -> bytes:
        # Without a time, the same records give the same bytes.
        packed = gzip.compress(content, compresslevel=3, mtime=0)
        if self._cipher is None:
            return packed
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, packed, self._bound_to(name))

    def _opened(self, name: str, sealed: bytes) -> bytes:
        try:
            if self._cipher is not None:
                nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
                sealed = self._cipher.decrypt(nonce, rest, self._bound_to(name))
            return gzip.decompress(sealed)
        except (InvalidTag, OSError, EOFError, ValueError) as error:
            raise InvalidInput(f"{name} cannot be opened: it is damaged, or the key is another.") \
                from error  # fmt: skip

    def _bound_to(self, name: str) -> bytes:
        """What a chunk is authenticated with, so that none can take another's place."""
        return f"{self.manifest.backup_id}/{name}".encode()


def _cipher(secret: bytes | None, salt: str | None) -> AESGCM | None:
    if salt is None:
        if secret is not None:
            raise InvalidInput("The backup is not encrypted; leave the key file out.")
        return None
    if secret is None:
        raise InvalidInput("The backup is encrypted; name its key file.")
    if len(secret) < _KEY_MIN_BYTES:
        raise InvalidInput(f"A key file holds at least {_KEY_MIN_BYTES} bytes.")
    return AESGCM(Scrypt(salt=bytes.fromhex(salt), length=32, **_SCRYPT).derive(secret))


def _write(path: Path, content: bytes) -> None:
    """A file that is there whole or not at all, and for its owner only."""
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
