"""A connection to PostgreSQL on which nothing is waited for without end."""

from typing import Any, ClassVar

from psycopg import Connection, OperationalError
from psycopg.pq import TransactionStatus


class BoundedConnection(Connection[Any]):
    """Gives each thing that the server is asked so many seconds, then counts as broken.

    `statement_timeout` is kept by the server; one that is stopped or cut off keeps none.
    """

    SECONDS: ClassVar[float] = 60.0

    @classmethod
    def within(cls, seconds: float) -> "type[BoundedConnection]":
        """The class of connections with this limit."""
        return type(cls.__name__, (cls,), {"SECONDS": seconds})

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer; raises OperationalError where it does not come in time."""
        try:
            return super().wait(gen, interval, self.SECONDS if timeout is None else timeout)
        except OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # An answer that came later would be taken for that of the next question.
                self.close()
                raise OperationalError("the server did not answer in time") from None
            raise
