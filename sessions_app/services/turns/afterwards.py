"""What is made after a turn, and nobody waits for: topics, a title by the model, the summary.

The worker's deferred work makes it; under another server, which shares no work, threads of this
process do.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

from sessions_app import clock, providers, tokenizer, tracing
from sessions_app.domain.deferred import Kind
from sessions_app.domain.errors import SessionError
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.turns import Turn
from sessions_app.services import context
from sessions_app.services.deferred import deferred
from sessions_app.services.sessions import model_titles

logger = logging.getLogger(__name__)

# Apart from those of turns: titles and summaries wait for a model.
_threads = ThreadPoolExecutor(8, "afterwards")


async def begin(turn: Turn, *, is_titled: bool) -> None:
    """Have it made; `is_titled` says that the session has got a title that a model may improve."""
    if deferred.is_running:
        work = functools.partial(_defer, turn, _kinds(is_titled=is_titled))
    elif is_titled or context.enabled():
        work = functools.partial(_make, turn, is_titled=is_titled)
    else:
        return
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(_threads, tracing.inherited(functools.partial(_logged, turn, work)))


def _kinds(*, is_titled: bool) -> set[Kind]:
    kinds = {Kind.TOPICS, Kind.SEARCH}
    if is_titled:
        kinds.add(Kind.TITLE)
    if context.enabled():
        kinds.add(Kind.SUMMARY)
    return kinds


def _logged(turn: Turn, work: Callable[[], None]) -> None:
    try:
        work()
    except SessionError as error:
        logger.info("after turn %s: %s", turn.turn_id, error.detail)
    except Exception:
        logger.exception("after turn %s", turn.turn_id)


def _defer(turn: Turn, kinds: Collection[Kind]) -> None:
    deferred.ask(kinds, session_id=turn.session_id, user_id=turn.user_id)


def _make(turn: Turn, *, is_titled: bool) -> None:
    if is_titled:
        model_titles.title_improve(session_id=turn.session_id, user_id=turn.user_id)
    if context.enabled():
        provider = providers.for_turns(count=tokenizer.count_tokens)
        context.summary_extend(
            session_id=turn.session_id,
            user_id=turn.user_id,
            provider=provider,
            now=lifecycle.to_milliseconds(clock.now()),
        )
