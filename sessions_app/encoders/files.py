"""Files inside installed packages, checked against their hashes: they come from small vendors."""

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class EncoderUnavailableError(RuntimeError):
    """A package is missing, or a file in it is not the known one."""


class PackagedFile(NamedTuple):
    """A file of a package, by its path inside it."""

    package: str
    path: str


def located(file: PackagedFile) -> Path:
    """Where a file lies, without importing its package. Raises PackageNotFoundError."""
    return Path(str(importlib.metadata.distribution(file.package).locate_file(file.path)))


def verified_file(package: str, path: str, *, sha256: str) -> Path:
    """The path of a file inside an installed package.

    Raises EncoderUnavailableError when it is absent or its hash differs.
    """
    try:
        file = located(PackagedFile(package, path))
        data = file.read_bytes()
    except importlib.metadata.PackageNotFoundError as error:
        raise EncoderUnavailableError(f"the package {package} is not installed") from error
    except OSError as error:
        raise EncoderUnavailableError(f"{package} holds no readable {path}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EncoderUnavailableError(f"{path} in {package} is not the known file: sha256 differs")
    return file


def are_there(files: Iterable[tuple[str, str]], modules: Iterable[str] = ()) -> bool:
    """Whether packages and files exist; imports and reads none of them."""
    if not all(importlib.util.find_spec(module) for module in modules):
        return False
    try:
        return all(located(PackagedFile(*file)).is_file() for file in files)
    except importlib.metadata.PackageNotFoundError:
        return False
