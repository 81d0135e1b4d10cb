"""The rules: what may happen to a session, in which order. No HTTP, no queries.

A service is a function `<entity>_<action>` with keyword-only arguments that is given the time.

- `sessions`, `messages`, `erasure`: create, change, title, append to, read and erase;
- `context`, `topics`, `search`: windows, topic shifts, full-text search;
- `conversations`: sessions as the OpenAI wire knows them, made of items;
- `turns`, `relay`: model calls that answer a session, and calls that are passed through;
- `expiry`, `privacy`, `review`, `transfer`, `audits`: timeouts, erasure of users, the staff's
  pages, exports and imports, checks of what is stored;
- `tallies`, `figures`: what is counted while serving, and the figures made of it;
- `identity`, `receipts`, `throttling`, `operations`: ids, proofs of erasure, rate limits, indexes.
"""
