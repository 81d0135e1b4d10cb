"""Messages that are more than text: pictures, files and sounds, by reference.

- `forms`: parts as they are stored, as text, and as they are sent
- `addresses`: what stands for bytes that are kept here, until a request is sent
- `searching`: what a message with them is found by
- `counting`: the tokens that a picture or a file is counted as
"""

from sessions_app.domain.parts.addresses import ids_in, is_address, read_address
from sessions_app.domain.parts.forms import (
    AUDIO,
    BYTES,
    FILE,
    IMAGE,
    TEXT,
    Part,
    Parts,
    all_as_sent,
    are_parts,
    as_sent,
    data_url,
    in_words,
    is_attachment,
    is_kept,
    said,
    sent_text,
    sent_tokens,
    signature,
    spoken,
    text_of,
    token_count,
)
from sessions_app.domain.parts.searching import worded

__all__ = [
    "AUDIO",
    "BYTES",
    "FILE",
    "IMAGE",
    "TEXT",
    "Part",
    "Parts",
    "all_as_sent",
    "are_parts",
    "as_sent",
    "data_url",
    "ids_in",
    "in_words",
    "is_address",
    "is_attachment",
    "is_kept",
    "read_address",
    "said",
    "sent_text",
    "sent_tokens",
    "signature",
    "spoken",
    "text_of",
    "token_count",
    "worded",
]
