"""The strategies that are measured, and how each is told apart."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.session_strategies.strategy import Strategy

TOKEN_COOKIE = "token in a cookie"
TOKEN = "token in a header"
TOKEN_COMPRESSED = "token, compressed"
DJANGO_MEMORY = "Django, worker's memory"
DJANGO_FILES = "Django, cache in files"
DJANGO_SQLITE = "Django, accounts database"
DATABASE = "MongoDB, opaque cookie"
HYBRID = "hybrid: JWT and MongoDB"

ALL = (
    TOKEN_COOKIE, TOKEN, TOKEN_COMPRESSED, DJANGO_MEMORY, DJANGO_FILES, DJANGO_SQLITE, DATABASE,
    HYBRID,
)  # fmt: skip

# Django's session engine, and the cache behind it.
ENGINES = {
    DJANGO_MEMORY: ("cache", "django.core.cache.backends.locmem.LocMemCache"),
    DJANGO_FILES: ("cache", "django.core.cache.backends.filebased.FileBasedCache"),
    DJANGO_SQLITE: ("db", ""),
}
TOKENS = (TOKEN_COOKIE, TOKEN, TOKEN_COMPRESSED)
IN_MONGODB = (DATABASE, HYBRID)


def make(name: str) -> "Strategy":
    """The strategy of that name."""
    from benchmarks.session_strategies.django_sessions import DjangoSessions
    from benchmarks.session_strategies.stored import DatabaseBacked, Hybrid
    from benchmarks.session_strategies.token_carried import TokenCarried

    makers: dict[str, Callable[[], Strategy]] = {
        TOKEN_COOKIE: lambda: TokenCarried(cookie=True),
        TOKEN: TokenCarried,
        TOKEN_COMPRESSED: lambda: TokenCarried(compressed=True),
        DATABASE: DatabaseBacked,
        HYBRID: Hybrid,
    }
    return makers.get(name, DjangoSessions)()
