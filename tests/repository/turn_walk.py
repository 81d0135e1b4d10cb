"""Every query about turns, for the test that has them explained."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_app import encoders, event_loop, providers
from sessions_app.domain.data import Role
from sessions_app.domain.dialect import Manner
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.responses import ResponseName, ResponseTerms
from sessions_app.domain.turns import reply_id
from sessions_app.repository import dialects, transactions
from sessions_app.repository.log import pages
from sessions_app.repository.turns import leases
from sessions_app.repository.turns import records as turns
from sessions_app.services import erasure, responses
from sessions_app.services import turns as service
from sessions_app.services.responses import ResponseRequest
from sessions_app.services.sessions import model_titles
from sessions_app.services.turns import (
    CompletionRequest,
    Feed,
    ModelCall,
    Place,
    TurnRequest,
    completions,
    settling,
)
from sessions_app.services.turns import worker as turn_worker
from tests.repository.conftest import OWNER, append_many, new_session, now
from tests.services.turns.scripted import Script, ScriptedModel


def walk_turns(database: Any) -> None:
    """Turns that end well, badly and not at all; in a session whose tail has been spilled."""
    model = ScriptedModel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "load_encoder", lambda: None)
        patch.setattr(providers, "for_turns", lambda **_: model)
        patch.setattr(providers, "configured", lambda: model)
        session_id = new_session().session_id
        append_many(session_id, [f"message {n}" for n in range(200)])
        place = {"session_id": session_id, "user_id": OWNER}
        for key in ("first", "first", "second"):
            service.turn_wait(feed=_start(session_id, key))
        feed = service.turn_regenerate(**place, client_id=None, call=ModelCall(), now=now())
        service.turn_wait(feed=feed)
        _complete(session_id)
        _supersede_in_a_bucket(session_id)
        script = Script("One", gates=[0])
        model.scripts.append(script)
        running = _start(session_id, "third")
        leases.follow(session_id=session_id, turn_id=running.turn_id)
        patch.setattr(turn_worker, "TURN_RENEW_SECONDS", 0.0)
        _look_after(turn_worker.worker)
        service.turn_cancel(**place, now=now())
        service.turn_attach(**place, after=Place(feed.turn_id), now=now())
        service.turn_wait(feed=running)
        model_titles.title_improve(**place)
        _overdue(database, session_id)
        _respond()
        erasure.message_delete(**place, seq=1, now=now())
        # Whether the worker has come to it by now depends on the machine.
        turns.write_progress([turns.Progress(session_id, "turn_unknown", None, "One")])
        turns.discard(session_id=session_id, turn_id="turn_unknown")
        server = {"base_url": "http://127.0.0.1:1/v1", "model": "walked"}
        dialects.write(**server, manner=Manner(), now=now())
        assert dialects.read(**server) == Manner()
        leases.release_lapsed(session_id=session_id, turn_id="turn_unknown")
        leases.release_of_dead(session_id=session_id, turn_id="turn_unknown", owner="here/1")
        service.turns_shut_down(seconds=10)


def _look_after(worker: turn_worker.Worker) -> None:
    """Each duty once, with a turn that runs here followed as if it ran elsewhere."""
    turn = worker.running[0].turn
    feed = Feed(turn.session_id, turn.user_id, turn.turn_id, now(), runs_here=False)
    other = turn_worker.Worker()
    other.follow(feed)
    for one, names in ((worker, ("watch", "renew", "tell", "sweep")), (other, ["follow"] * 4)):
        for name in names:
            clock = one._clocks[name]
            event_loop.run(clock._duty(clock))
    other.let_go()


def _start(session_id: str, key: str) -> Any:
    draft = MessageDraft(role=Role.USER, content="Well?", client_id=key)
    request = TurnRequest([draft])
    return service.turn_start(session_id=session_id, user_id=OWNER, request=request, now=now())


def _complete(session_id: str) -> None:
    """As OpenAI's clients ask: something new, a repeat of it, and a question that stands."""
    since = now() - timedelta(seconds=60)
    for text, again in (("New?", None), ("New?", since), ("Left.", None)):
        request = CompletionRequest(
            [MessageDraft(Role.USER, text)], ModelCall(), digest=text, since=again
        )
        if text == "Left.":
            append_many(session_id, [text])
        place = {"session_id": session_id, "user_id": OWNER}
        feed = completions.completion_start(**place, request=request, now=now())
        service.turn_wait(feed=feed)


def _respond() -> None:
    """A response of its own, one behind it, and a fork; all of them read, stopped and deleted."""
    names: list[ResponseName] = []
    for previous in (None, 0, 0):
        request = ResponseRequest(
            [MessageDraft(Role.USER, "Well?")],
            ModelCall(),
            ResponseTerms(),
            digest="walked",
            previous=None if previous is None else names[previous],
            key=f"response-{len(names)}",
        )
        feed = responses.response_start(user_id=OWNER, request=request, now=now())
        service.turn_wait(feed=feed)
        names.append(ResponseName(feed.session_id, feed.turn_id))
    item_ids = [reply_id(name.turn_id) for name in names]
    assert len(responses.response_items(user_id=OWNER, item_ids=item_ids)) == len(names)
    for name in names:
        whose = {"name": name, "user_id": OWNER, "now": now()}
        responses.response_get(**whose)
        responses.response_feed(**whose)
        responses.response_input(**whose)
        responses.response_cancel(**whose)
        responses.response_delete(**whose)


def _supersede_in_a_bucket(session_id: str) -> None:
    header = pages.read_header(session_id=session_id, user_id=OWNER)
    after = {"message_count": header.message_count, "tail_start": header.tail_start}
    transactions.in_transaction(
        lambda transaction: leases._mark(session_id, after, [3, header.message_count], transaction)
    )


def _overdue(database: Any, session_id: str) -> None:
    """A turn whose worker is gone, met by the next one and by the sweep."""
    feed = _start(session_id, "fourth")
    service.turn_wait(feed=feed)
    past = now() - timedelta(hours=1)
    record = {"_id": f"{session_id}/{feed.turn_id}"}
    for lease in (True, False):
        database.turns.update_one(record, {"$set": {"state": "running", "deadline": past}})
        if lease:
            held = {"id": feed.turn_id, "owner": "gone/1", "deadline": past}
            database.sessions.update_one({"_id": session_id}, {"$set": {"turn": held}})
            service.turn_wait(feed=_start(session_id, "fifth"))
        else:
            settling.settle_abandoned(now=now())
