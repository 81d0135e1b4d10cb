"""What this process has verified a moment ago: that a session has an attachment.

So that an append that refers to one asks MongoDB for no more than one without. What is removed
meanwhile is looked at twice, see `repository.attachments.removing`; a message of the same moment
may refer to what is gone, and shows that.
"""

import threading
import time
from collections import OrderedDict

from sessions_app.domain.attachments import Attachment
from sessions_app.domain.limits import ATTACHMENT_TRUSTED_SECONDS

_MOST = 10_000


class Known:
    """Attachments by session, each for a short time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], tuple[float, Attachment]] = OrderedDict()

    def recall(self, session_id: str, attachment_id: str) -> Attachment | None:
        """The attachment, if it was verified so lately that it counts."""
        # Without the lock: a dictionary's `get` is atomic.
        entry = self._entries.get((session_id, attachment_id))
        if entry is None or time.monotonic() - entry[0] > ATTACHMENT_TRUSTED_SECONDS:
            return None
        return entry[1]

    def remember(self, session_id: str, attachment: Attachment) -> None:
        """It has been verified now."""
        key = (session_id, attachment.attachment_id)
        with self._lock:
            self._entries[key] = (time.monotonic(), attachment)
            self._entries.move_to_end(key)
            if len(self._entries) > _MOST:
                self._entries.popitem(last=False)

    def forget(self) -> None:
        """Something has been removed: ask MongoDB again."""
        with self._lock:
            self._entries.clear()


known = Known()
