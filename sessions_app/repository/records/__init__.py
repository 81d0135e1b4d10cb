"""Whole sessions as records of an export, and back.

Records carry every field of the documents by its name, but for how a session is divided into tail
and buckets. An import divides anew, so that it can be into a store with other bounds.

- `reading`: sessions, messages and model calls, a bounded piece at a time
- `codec`, `decoding`: what is stored as a record, and a record as what is stored
- `importing`: storing a session whole or not at all, and never over one that is there
"""

from sessions_app.repository.records import codec, decoding, importing, reading

__all__ = ["codec", "decoding", "importing", "reading"]
