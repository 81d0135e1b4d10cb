"""Search: what a query asks for, and whether a text has it.

`text` folds text, cuts it into terms, and cuts a snippet around a hit. `query` takes apart what a
user typed and matches it against folded text. `data` holds what search passes between its layers.
"""

from sessions_app.domain.search import data, query, text

__all__ = ["data", "query", "text"]
