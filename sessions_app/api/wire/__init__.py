"""What goes over the wire, a module for each subject, both ways.

A module has the serializers that validate what clients send, the serializers that describe what
they get, and the plain functions that write it: a page has hundreds of messages, and a serializer
takes ten times as long. `tests/api/test_openapi.py` holds descriptions and functions together.

- `messages`: messages, batches and pages of them; the times of everything;
- `sessions`: sessions, their policy, pages of sessions;
- `turns`: chat requests and results;
- `context`: windows with their plan, topics;
- `search`: queries and hits.

Nothing is imported here, so that an append does not import windows and turns.
"""
