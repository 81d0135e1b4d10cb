"""Pictures, files and sounds whose bytes are kept, as far as no storage is needed to know them.

- `data`: what is known of one, and its ids
- `media`: which type bytes are of, by what they begin with
- `naming`: which names a file may have
- `references`: the part of a message that refers to one
"""

from sessions_app.domain.attachments.data import (
    FILE_PREFIX,
    ID_PATTERN,
    Attachment,
    Upload,
    attachment_id,
    family_of,
    file_id_of,
    own_id,
)
from sessions_app.domain.attachments.media import (
    OFFICE,
    PICTURES,
    Kind,
    require_honest,
    text_in,
    type_of,
)
from sessions_app.domain.attachments.naming import checked_name
from sessions_app.domain.attachments.references import part_of, tokens_of

__all__ = [
    "FILE_PREFIX",
    "ID_PATTERN",
    "OFFICE",
    "PICTURES",
    "Attachment",
    "Kind",
    "Upload",
    "attachment_id",
    "checked_name",
    "family_of",
    "file_id_of",
    "own_id",
    "part_of",
    "require_honest",
    "text_in",
    "tokens_of",
    "type_of",
]
