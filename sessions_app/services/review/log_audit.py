"""Verifies the hash chain of the read log."""

from collections.abc import Iterator
from dataclasses import dataclass

from sessions_app.domain.review import chain as chain_rules
from sessions_app.domain.review.chain import Break, ChainedLine, Link
from sessions_app.repository import review
from sessions_app.services.progress import Progress
from sessions_app.services.review.read_log import chain_key


@dataclass(slots=True)
class ReviewLogAudit:
    """What the audit has seen; `newest` is the digest to note for a later audit."""

    lines: int = 0
    erased: int = 0
    unchained: int = 0
    newest: str = ""
    has_noted: bool = True


def review_log_length() -> int:
    """How many lines there are to verify."""
    return review.chain.length()


def review_log_audit(
    *, noted: str, progress: Progress = lambda _: None
) -> tuple[ReviewLogAudit, list[Break]]:
    """Verify every line; `noted` is a digest of an earlier audit that must be in the chain."""
    audit = ReviewLogAudit(has_noted=not noted)
    first_id, last_seq = "", 0

    def seen() -> Iterator[tuple[ChainedLine, Link]]:
        nonlocal first_id, last_seq
        for line, link in review.chain.links():
            first_id, last_seq = first_id or line.id, line.seq
            audit.lines += 1
            audit.erased += line.is_erased
            audit.newest = link.digest
            audit.has_noted = audit.has_noted or link.digest == noted
            progress(1)
            yield line, link

    problems = list(chain_rules.breaks(seen(), key=chain_key()))
    missing = review.chain.seq_of(review.chain.newest_position()) - last_seq
    if missing > 0:
        problems.append(Break(last_seq + 1, "", f"{missing} lines are missing at the end"))
    audit.unchained, newest_id = review.chain.unchained()
    # Lines of before the chain are older than its first line.
    if first_id and newest_id > first_id:
        problems.append(Break(0, newest_id, "a line was inserted outside the chain"))
    if not audit.has_noted:
        problems.append(Break(0, "", "the noted digest is not in the chain"))
    return audit, problems
