"""Attachments: what is known of them, their bytes, and which sessions have them.

- `blobs`: bytes in GridFS, written under an id that is known beforehand and read in ranges
- `facts`: one document for each user and content
- `references`: which sessions have an attachment, and whether any message refers to it
- `removing`: in steps that a run after a crash takes up: what nothing refers to, what a killed
  upload has left, all of a user
- `auditing`: bytes that are missing, and bytes that are nobody's
"""

from sessions_app.repository.attachments import auditing, blobs, facts, references, removing

__all__ = ["auditing", "blobs", "facts", "references", "removing"]
