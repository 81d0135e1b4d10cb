"""Sessions as wholes, and what belongs to one of them.

- `making`: new sessions with their history, and copies
- `listing`, `filtered`, `pages`: pages of sessions by activity; by filters; how a page is read
- `changing`: change, archive, restore, delete
- `names`, `creations`: the names that owners gave, and claims of requests that may be repeated
- `branches`, `feedback`, `ratings`: which answer is current, and what its reader thought of it
- `titles`, `summaries`: what is derived from the messages, and by a model
- `holds`: sessions that may not be deleted
"""

from sessions_app.repository.sessions.changing import change, delete, exists, set_status
from sessions_app.repository.sessions.listing import list_page
from sessions_app.repository.sessions.making import fork, insert

__all__ = ["change", "delete", "exists", "fork", "insert", "list_page", "set_status"]
