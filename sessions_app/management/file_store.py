"""The files of an export that lie beside it, each under the digest of its content."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from sessions_app.domain.errors import InvalidInput

SUFFIX = ".files"


def writer(output: str) -> Callable[[str, Iterator[bytes]], None]:
    """Writes files to the directory beside an export; one that is there is whole, and stays."""
    directory = Path(f"{output}{SUFFIX}")

    def write(name: str, pieces: Iterator[bytes]) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / name
        if path.exists():
            return
        draft = path.with_suffix(".partial")
        with draft.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        draft.replace(path)

    return write


def reader(directory: str) -> Callable[[str], BinaryIO]:
    """Opens files of such a directory; raises InvalidInput for one that is not there."""

    def read(name: str) -> BinaryIO:
        try:
            return (Path(directory) / name).open("rb")
        except OSError as error:
            raise InvalidInput(f"{directory} has no file {name}") from error

    return read
