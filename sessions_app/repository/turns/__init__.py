"""The one turn of a session as it is stored.

`leases` take, renew and end the right to run it, and store the reply that ends it; `records` keep
what each turn was asked with, what the model saw, how far it is and how it ended; `queue` holds the
places of requests that wait for the session.
"""

from sessions_app.repository.turns import leases, queue, records

__all__ = ["leases", "queue", "records"]
