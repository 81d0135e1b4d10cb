"""The API's description (OpenAPI 3): a decorator for each route, with examples of every answer.

- `messages`, `sessions`, `context`, `chat`: the routes of the view modules of the same names;
- `errors`: the one error body, and when each status comes;
- `examples`: the examples and parameters that several routes share;
- `paths`: paths without their optional trailing slash.
"""
