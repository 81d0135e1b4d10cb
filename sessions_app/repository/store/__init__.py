"""The store as a whole, whatever is in it.

- `steps`: what each version of the stored form has changed
- `migrating`: takes documents to the next version, each by an update that is guarded by it
- `copying`: copies everything as it is at one moment, and puts such a copy into an empty store
"""

from sessions_app.repository.store import copying, migrating, steps

__all__ = ["copying", "migrating", "steps"]
