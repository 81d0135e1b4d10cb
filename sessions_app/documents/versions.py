"""In which form a document is stored: its `schema_version`.

One number for all collections. It grows when the form of any document changes, by the rules of
"Expand and contract" in CONTRIBUTING.md, and `repository.store` takes stored documents along.

- 1: release 0.1, whose documents say no version
- 2: documents say their version
"""

from collections.abc import Mapping

FIRST = 1
CURRENT = 2
# While workers are replaced one by one, old ones read what those of the next version write.
NEWEST_READABLE = CURRENT + 1

NAME = "schema_version"
# What every insert that goes past MongoEngine stores, too. Updates leave it as it is.
STAMP: Mapping[str, int] = {NAME: CURRENT}
