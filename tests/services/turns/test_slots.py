"""One user does not take every model call of a process."""

import pytest

from sessions_app.domain.errors import ModelNotAllowed, TooManyOwnTurns, TooManyTurns
from sessions_app.services.turns import Slot


@pytest.fixture
def take(settings):
    """Takes slots, and gives all of them back in the end."""
    settings.TURNS_MAX, settings.TURNS_PER_USER = 12, 12
    slots = []

    def taken(user: str, number: int = 1) -> None:
        for _ in range(number):
            with Slot(user) as slot:
                slot.keep()
            slots.append(slot)

    yield taken
    for slot in slots:
        slot.give_back()


def test_a_user_has_so_many_turns_at_a_time(take, settings):
    settings.TURNS_PER_USER = 3
    take("alice", 3)
    with pytest.raises(TooManyOwnTurns):
        take("alice")
    take("bob", 3)


def test_a_user_alone_leaves_slots_for_whoever_comes(take):
    take("alice", 9)
    with pytest.raises(TooManyOwnTurns):
        take("alice")
    take("bob", 3)


def test_while_slots_are_short_users_share_them(take):
    take("alice", 8)
    take("bob")
    with pytest.raises(TooManyOwnTurns):
        take("alice")
    take("bob", 3)
    with pytest.raises(TooManyTurns):
        take("carol")


def test_a_slot_that_is_given_back_is_somebodys_again(settings):
    settings.TURNS_MAX, settings.TURNS_PER_USER = 12, 1
    for _ in range(3):
        with Slot("alice"), pytest.raises(TooManyOwnTurns), Slot("alice"):
            pass


def test_a_model_that_is_not_offered_takes_no_slot(settings):
    settings.MODELS_ALLOWED = ["gulf", "demo"]
    before = Slot.taken()
    with pytest.raises(ModelNotAllowed), Slot("alice", "gulf-large"):
        pass
    with Slot("alice", "gulf"), Slot("alice", None):
        assert Slot.taken() == before + 2
    assert Slot.taken() == before
