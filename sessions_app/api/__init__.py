"""The REST API under `/session`: a view validates, calls one service, answers.

- `urls`: the routes; `sessions`, `messages`, `erasure`, `context`, `chat`, `search`, `exports`:
  their views;
- `wire`: what requests and answers look like; `description`: the same as OpenAPI;
- `authentication`, `preconditions`, `cursors`: who asks, `If-Match`, positions in lists;
- `json_bodies`, `negotiation`, `event_stream`, `errors`: how bodies are read and written.
"""
