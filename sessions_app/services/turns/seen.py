"""What a model is shown of a session, for the turn's record and for whoever watches."""

from sessions_app.domain.turns import Seen, runs
from sessions_app.services.context import ContextWindow


def seen_of(window: ContextWindow) -> Seen:
    """The counts and the seqs of a window, without its texts."""
    plan, summary = window.plan, window.summary
    return Seen(
        token_count=plan.token_count,
        max_tokens=plan.max_tokens,
        strategy=plan.strategy.value,
        kept=plan.kept_count,
        dropped=window.session.message_count - plan.kept_count,
        seqs=runs(plan.kept_seqs),
        summary=(summary.first_seq, summary.last_seq) if summary else None,
    )
