"""Relevance: which older messages a query needs, by words and by meaning.

`terms` turns text into hashed stems. `ranking` scores every candidate of a window with BM25 and,
where there are vectors, cosine. `sketch` makes a small summary of each run of a long session's
older messages, and chooses the runs whose messages become candidates.
"""

from sessions_app.domain.relevance.ranking import query_text, rank
from sessions_app.domain.relevance.sketch import (
    RunSketch,
    choose_runs,
    quantise,
    restore,
    sketch_run,
)
from sessions_app.domain.relevance.terms import term_ids, words

__all__ = [
    "RunSketch",
    "choose_runs",
    "quantise",
    "query_text",
    "rank",
    "restore",
    "sketch_run",
    "term_ids",
    "words",
]
