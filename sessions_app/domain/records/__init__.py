"""Records: the lines of an export, one JSON object each.

`writing` turns records into lines between a first that names the format and a last that counts;
`reading` checks a file line by line and reports the number of a line that does not fit.
"""

from sessions_app.domain.records import reading, writing

__all__ = ["reading", "writing"]
