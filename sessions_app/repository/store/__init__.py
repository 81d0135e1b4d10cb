"""The store as a whole, whatever is in it.

- `steps`: what each version of the stored form has changed
- `migrating`: takes documents to the next version, each by an update that is guarded by it
"""

from sessions_app.repository.store import migrating, steps

__all__ = ["migrating", "steps"]
