"""The rules of the project as pure functions over plain data: standard library and numpy only.

- `data`, `drafts`, `errors`, `limits`, `identifiers`: the vocabulary of all other modules;
- `lifecycle`, `expiry`, `tail`, `text`, `tokens`, `titles`: rules for sessions and messages;
- `window`, `candidate`, `relevance`, `topics`, `annotations`: which messages a model is sent;
- `turns`, `alignment`: model calls, and where a client's history meets the stored one;
- `search`, `review`, `records`, `foreign`, `figures`, `audit`, `traces`: one package for each use.
"""
