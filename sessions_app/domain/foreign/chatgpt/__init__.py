"""ChatGPT's data export.

- `conversation`: a conversation's tree, and the branch of it that was shown last
- `sources`: the pages that a reply cites; `files`: the pictures and files that a message names
"""

from sessions_app.domain.foreign.chatgpt.conversation import (
    SOURCE,
    read_conversation,
    recognises,
)

__all__ = ["SOURCE", "read_conversation", "recognises"]
