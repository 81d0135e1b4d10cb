"""Attachments: pictures, files and sounds of users.

- `checking`: what is refused before a byte is stored
- `uploading`: keeps bytes, once for each user and content
- `referring`: makes a draft's parts refer to what is kept
- `reading`: gives an attachment and its bytes to its owner
- `passing`: the parts of requests of which nothing is stored
- `sending`: puts the bytes into a request to a model
- `preparing`: small pictures and the text of files, in the background
- `removing`: what is erased, and what nothing refers to
- `carrying`: attachments in exports and imports
- `known`: what this process has verified a moment ago
"""

from sessions_app.services.attachments import carrying
from sessions_app.services.attachments.passing import passed_on
from sessions_app.services.attachments.preparing import attachments_prepare, prepare_ahead
from sessions_app.services.attachments.reading import (
    Content,
    attachment_content,
    attachment_get,
    attachment_usage,
    file_content,
    file_delete,
    file_get,
    files_list,
)
from sessions_app.services.attachments.referring import recognised, settled
from sessions_app.services.attachments.removing import (
    SweptAttachments,
    attachments_sweep,
    forget_message,
    remove_all_of,
    remove_unused,
)
from sessions_app.services.attachments.sending import filled
from sessions_app.services.attachments.uploading import (
    attachment_preview,
    attachment_store,
    attachment_upload,
    upload_require,
)

__all__ = [
    "Content",
    "SweptAttachments",
    "attachment_content",
    "attachment_get",
    "attachment_preview",
    "attachment_store",
    "attachment_upload",
    "attachment_usage",
    "attachments_prepare",
    "attachments_sweep",
    "carrying",
    "file_content",
    "file_delete",
    "file_get",
    "files_list",
    "filled",
    "forget_message",
    "passed_on",
    "prepare_ahead",
    "recognised",
    "remove_all_of",
    "remove_unused",
    "settled",
    "upload_require",
]
