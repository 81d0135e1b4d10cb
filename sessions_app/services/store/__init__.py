"""The store as a whole: work over all that is in it, for commands, beside a live service.

- `migrating` takes stored documents to the current form
- `archive` is a backup as files; `backing_up` writes one, `restoring` puts it into a new store
- `pacing` keeps such work from taking all of MongoDB's time
"""

from sessions_app.services.store.archive import Archive
from sessions_app.services.store.backing_up import (
    ACCOUNTS,
    backup_complete,
    backup_open,
    backup_write,
)
from sessions_app.services.store.migrating import StoreMigration, document_count
from sessions_app.services.store.restoring import (
    archive_open,
    restore_begin,
    restore_finish,
    restore_is_begun,
    restore_write,
)

__all__ = [
    "ACCOUNTS",
    "Archive",
    "StoreMigration",
    "archive_open",
    "backup_complete",
    "backup_open",
    "backup_write",
    "document_count",
    "restore_begin",
    "restore_finish",
    "restore_is_begun",
    "restore_write",
]
