"""What is inside pictures and files of strangers.

- `pictures`: a picture's size, from its first bytes, without decoding it; small ones of our own
  blurred
- `reading`: has the rest done by a process of its own, with limits of time and memory
- `reader`: that process: small pictures, pictures without position, the text of files
"""

from sessions_app.media.pictures import (
    BadPicture,
    PictureFacts,
    blurred,
    has_position,
    picture_facts,
)
from sessions_app.media.reading import Limits, Read, Unreadable, read

__all__ = [
    "BadPicture",
    "Limits",
    "PictureFacts",
    "Read",
    "Unreadable",
    "blurred",
    "has_position",
    "picture_facts",
    "read",
]
