"""What each shape answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

WINDOW = 50
WORDS = 60


@dataclass(frozen=True)
class Bytes:
    """Of everything that the shape keeps: documents as they are, files, and indexes."""

    data: int
    disk: int
    indexes: int


class Shape(ABC):
    """One session of a length, in one shape, in collections of its own."""

    name: str

    @abstractmethod
    def fill(self, length: int) -> None:
        """The first `length` messages."""

    @abstractmethod
    def append(self, number: int) -> object:
        """One message more."""

    @abstractmethod
    def window(self) -> object:
        """The newest `WINDOW` messages, oldest first."""

    @abstractmethod
    def everything(self) -> object:
        """All messages, oldest first."""

    @abstractmethod
    def collections(self) -> list[str]:
        """Where it keeps them."""
