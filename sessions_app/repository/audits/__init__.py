"""What operators' audits and repairs read and write.

An audit looks at stored data as they are, not as documents would have them, and page by page, so
that it may take hours. A repair is guarded by the version that the audit has seen.

- `integrity`: a session with its buckets, to be checked and put right; documents without a session
- `pages`: everybody's sessions or a user's, page by page, and which of them have been annotated
- `walks`: how far a command has come that was stopped
"""

from sessions_app.repository.audits import integrity, pages, walks

__all__ = ["integrity", "pages", "walks"]
