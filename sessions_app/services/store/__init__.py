"""The store as a whole: work over all that is in it, for commands, beside a live service.

`migrating` takes stored documents to the current form; `pacing` keeps such work from taking all of
MongoDB's time.
"""

from sessions_app.services.store.migrating import StoreMigration, document_count

__all__ = ["StoreMigration", "document_count"]
