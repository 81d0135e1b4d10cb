"""TODO map."""

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
