"""Search: an index that is made of the messages and apart from them.

The index is derived data, written when somebody searches and thrown away at will. It only finds
candidates: what a search answers is read from the messages themselves.

- `index`: writing it, in the face of erasures and of other workers that write the same
- `reading`: the blocks that may hold what is sought, the messages of these, their sessions
"""

from sessions_app.repository.search import index, reading

__all__ = ["index", "reading"]
