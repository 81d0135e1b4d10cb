"""Two workers, erasures meanwhile, and models that fail."""

from collections.abc import Callable

import pytest

from sessions_app.domain.errors import (
    ProviderError,
    ProviderTimeout,
    SessionNotFound,
)
from sessions_app.repository.log import pages
from sessions_app.services import sessions
from sessions_app.services.context.summaries import ExtensionOutcome
from tests import model_server
from tests.model_server import ModelServer
from tests.repository.conftest import OWNER
from tests.services.context.summaries.talks import Extend, delete, go_on, make_talk, stored_summary

pytestmark = pytest.mark.mongod("writers that meet")


class Meanwhile:
    """A provider that does something else before it answers."""

    def __init__(self, provider, act: Callable[[], object]) -> None:
        self.provider, self.act = provider, act

    def complete(self, *messages, **how):
        self.act()
        return self.provider.complete(*messages, **how)


def test_of_two_workers_one_wins(talk: str, extend: Extend, provider, model: ModelServer):
    model.answers = [model_server.says("The first."), model_server.says("The second.")]
    late = extend(talk, provider=Meanwhile(provider, lambda: extend(talk)))
    assert (late.outcome, late.summary) == (ExtensionOutcome.OVERTAKEN, None)
    assert late.completion.text == "The second."
    assert stored_summary(talk).text == "The first."


def test_one_wins_of_those_that_extend_the_same(summarised: str, extend: Extend, provider):
    go_on(summarised, 62, 300)
    late = extend(summarised, provider=Meanwhile(provider, lambda: extend(summarised)))
    assert late.outcome is ExtensionOutcome.OVERTAKEN
    assert late.completion is not None


@pytest.mark.parametrize("length", [60, 200], ids=["tail", "bucket"])
def test_a_message_erased_meanwhile_discards_it(database, extend: Extend, provider, length: int):
    talk = make_talk(length)
    late = extend(talk, provider=Meanwhile(provider, lambda: delete(talk, 5)))
    assert late.outcome is ExtensionOutcome.OVERTAKEN
    assert stored_summary(talk) is None


def test_messages_that_come_meanwhile_do_not_matter(talk: str, extend: Extend, provider):
    done = extend(talk, provider=Meanwhile(provider, lambda: go_on(talk, 62, 200)))
    assert done.outcome is ExtensionOutcome.EXTENDED


def test_a_session_deleted_meanwhile_is_not_brought_back(talk: str, extend: Extend, provider):
    def remove() -> None:
        sessions.session_delete(session_id=talk, user_id=OWNER)

    assert extend(talk, provider=Meanwhile(provider, remove)).outcome is ExtensionOutcome.OVERTAKEN
    with pytest.raises(SessionNotFound):
        pages.read_header(session_id=talk, user_id=OWNER)


@pytest.mark.parametrize(
    "answer",
    [model_server.fails(500), model_server.fails(429), model_server.says(""),
     model_server.says("\x00"), model_server.sends(b"<html>"), model_server.breaks_off],
    ids=["500", "429", "empty", "unstorable", "rubbish", "cut"],
)  # fmt: skip
def test_a_failure_leaves_everything_as_it_was(
    database, summarised: str, extend: Extend, model: ModelServer, answer
):
    go_on(summarised, 62, 20)
    before = list(database.sessions.find())
    model.answers = [answer]
    with pytest.raises(ProviderError):
        extend(summarised)
    assert list(database.sessions.find()) == before


def test_a_server_that_hangs_is_a_timeout(talk: str, extend: Extend, model: ModelServer):
    model.answers = [model_server.hangs]
    with pytest.raises(ProviderTimeout):
        extend(talk)
    assert stored_summary(talk) is None
    assert extend(talk).outcome is ExtensionOutcome.EXTENDED
