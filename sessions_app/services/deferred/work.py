"""What each kind of deferred work is."""

from sessions_app import clock, providers, tokenizer
from sessions_app.domain.deferred import DeferredPiece, Kind
from sessions_app.domain.sessions import lifecycle
from sessions_app.services import context, search, topics
from sessions_app.services.sessions import model_titles

# A session with a long backlog is given back after so long, and others have their turn.
_AT_ONCE_SECONDS = 0.25


def do(piece: DeferredPiece) -> bool:
    """Do a piece, for a moment if it is of the processor; returns whether it is done.

    Raises SessionNotFound and other errors of the domain.
    """
    keys = {"session_id": piece.session_id, "user_id": piece.user_id}
    match piece.kind:
        case Kind.TOPICS:
            return topics.catch_up(**keys, seconds=_AT_ONCE_SECONDS).complete
        case Kind.SEARCH:
            return search.session_index(session_id=piece.session_id, seconds=_AT_ONCE_SECONDS)
        case Kind.TITLE:
            model_titles.title_improve(**keys)
        case Kind.SUMMARY:
            if context.enabled():
                provider = providers.for_turns(count=tokenizer.count_tokens)
                now = lifecycle.to_milliseconds(clock.now())
                context.summary_extend(**keys, provider=provider, now=now)
    return True
