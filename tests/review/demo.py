# ruff: noqa: E501 - what people say takes long lines
"""A service that has been in use for a while: people, conversations, and staff who look at them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group

from accounts.models import User
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.review.data import Act, Reason, Staff, Why
from sessions_app.services import context, erasure, messages, sessions
from sessions_app.services.review import actions as review_actions
from sessions_app.services.review import conversations as reviews
from sessions_app.services.topics import segments

PASSWORD = "correct horse battery staple"

TALK = [
    ("user", "Hi! We are planning a trip to Lisbon in May, two adults and a dog. Where should we stay?"),
    ("assistant", "Lovely choice. For a stay with a dog I would look at Belém or Príncipe Real: both have parks close by, and several hotels there take dogs up to 20 kg."),
    ("user", "Belém sounds good. Which hotels near the river take dogs?"),
    ("assistant", "Three near the river take dogs. I can check the current prices if you give me dates."),
    ("user", "12 to 19 May. You can reach me at maria.santos@example.org or +351 912 345 678."),
    ("call", '{"city": "Lisbon", "district": "Belém", "from": "2027-05-12", "to": "2027-05-19", "dogs": 1, "contact": "maria.santos@example.org"}'),
    ("tool", '{"offers": [{"hotel": "Jardim do Tejo", "price": 118}, {"hotel": "Casa da Torre", "price": 97}]}'),
    ("assistant", "For 12 to 19 May:\n\n• Casa da Torre, 97 € a night, garden, dogs 10 € a stay\n• Jardim do Tejo, 118 € a night, right at the river\n\nShall I hold a room at Casa da Torre?"),
    ("user", "Yes please. Charge it to 4111 1111 1111 1111, exp. 09/28."),
    ("assistant", "I cannot take card numbers in this chat, and I have not used it. I sent you a link to the hotel's own payment page instead."),
    ("user", "Great, thanks! Something else: my sourdough starter smells of acetone. Is it dead?"),
    ("assistant", "It is hungry, not dead. Pour off the liquid, keep a spoonful, and feed it flour and water in equal weights, twice a day for three days."),
    ("user", "How warm should the kitchen be for the dough to rise overnight?"),
    ("assistant", "Around 20 °C is ideal for a slow overnight rise. Above 24 °C use less starter or the fridge."),
    ("user", "And the flour, does rye work for the starter?"),
    ("assistant", "Very well: rye brings more of the yeasts and ferments faster. Start with half rye, half wheat."),
    ("user", "Back to Lisbon: can we take the dog on the tram to Belém?"),
    ("assistant", "Small dogs in a carrier ride free on tram 15E. Larger dogs may travel outside the rush hours, on a lead and with a muzzle."),
]  # fmt: skip
DRAFT = SessionDraft(
    system_prompt="You are a helpful travel and household assistant. Be brief.",
    metadata={"channel": "web", "app": "concierge 4.2"},
    policy={"max_tokens": 400},
)
TITLES = [
    "Which hotels in Lisbon take dogs?", "Reset a router to factory settings",
    "Invoice 2026-118 does not add up", "Recipe without nuts", "Contract draft, second version",
    "Bike brake squeaks in the rain", "Refund for order 55-2043", "Learning Portuguese verbs",
    "Spreadsheet formula for VAT", "Why is my basil yellow?", "Train to Porto with two bikes",
    "A poem for grandmother's birthday", "Phone screen flickers", "Moving flat: a checklist",
]  # fmt: skip
PEOPLE = ["maria", "jonas", "amira", "wei", "okafor", "lena"]


def accounts() -> Mapping[str, User]:
    """The users, and staff: a reviewer, a lead reviewer, and one without any permission."""
    made: dict[str, User] = {}
    for name in PEOPLE:
        made[name] = User.objects.create_user(name, f"{name}@example.org", PASSWORD)
    for name, group in (("carol", "Reviewer"), ("lea", "Lead reviewer"), ("stan", None)):
        made[name] = User.objects.create_user(name, f"{name}@example.org", PASSWORD, is_staff=True)
        if group:
            made[name].groups.add(Group.objects.get(name=group))
    return made


def staff(user: User) -> Staff:
    return Staff(str(user.pk), user.username)


def drafts(number: int = len(TALK)) -> list[MessageDraft]:
    """The first messages of the talk about Lisbon and bread."""
    drafts = []
    for kind, text in TALK[:number]:
        more: dict[str, Any] = {}
        if kind == "call":
            function = {"name": "find_hotels", "arguments": text}
            more = {"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
            text = ""
        if kind == "tool":
            more = {"tool_call_id": "call_1"}
        role = Role.ASSISTANT if kind == "call" else Role(kind)
        drafts.append(MessageDraft(role=role, content=text, **more))
    return drafts


def talk(user_id: str, title: str, start: datetime, *, number: int = len(TALK)) -> str:
    """A conversation in one write; its id."""
    draft = replace(DRAFT, title=title, history=drafts(number))
    return sessions.session_create(user_id=user_id, draft=draft, now=start).session_id


def slow_talk(user_id: str, title: str, start: datetime) -> str:
    """A conversation as it went on, message by message; its id."""
    draft = replace(DRAFT, title=title)
    session = sessions.session_create(user_id=user_id, draft=draft, now=start)
    for at, message in enumerate(drafts(), 1):
        messages.message_append(
            session_id=session.session_id,
            user_id=user_id,
            draft=message,
            now=start + timedelta(minutes=at),
        )
    return session.session_id


def fill(users: Mapping[str, User], now: datetime) -> str:
    """Fill an empty store; the id of the conversation that has been flagged."""
    made = []
    for at in range(60):
        user = users[PEOPLE[at % len(PEOPLE)]]
        start = now - timedelta(hours=5 + at * 11, minutes=at * 7 % 60)
        number = 2 + at * 5 % (len(TALK) - 1)
        made.append(talk(str(user.pk), TITLES[at % len(TITLES)], start, number=number))
    main = slow_talk(str(users["maria"].pk), TITLES[0], now - timedelta(hours=3))
    lea, carol = staff(users["lea"]), staff(users["carol"])

    def act(ids: list[str], what: Act, text: str = "", by: Staff = carol, ago: int = 60) -> None:
        outcomes = review_actions.act_on(
            session_ids=ids, act=what, text=text, staff=by, now=now - timedelta(minutes=ago)
        )
        assert not [one.problem for one in outcomes if one.problem]

    owner = str(users["maria"].pk)
    erasure.message_delete(session_id=main, user_id=owner, seq=13, now=now - timedelta(hours=2))
    for session_id in (main, *made[:12]):
        owner = reviews.conversation_header(session_id=session_id).session.user_id
        segments.topic_list(session_id=session_id, user_id=owner, now=now)
    context.context_reset(session_id=made[3], user_id=_owner(made[3]), undo=False, now=now)
    act([main], Act.FLAG, "The user pasted a card number. Check that it went nowhere.", ago=90)
    act([main], Act.NOTE, "The assistant declined it. Asked the payments team to confirm.", ago=70)
    act(made[4:6], Act.FLAG, "Reported by the user: wrong refund amount", ago=200)
    act(made[20:31], Act.ARCHIVE, ago=300)
    act([made[22], made[7]], Act.HOLD, "Request 2026-44 of the data protection office", lea, 280)
    reviews.conversation_open(
        session_id=main,
        staff=lea,
        why=Why(Reason.REPORT, "Ticket 4711"),
        now=now - timedelta(days=1),
    )
    return main


def _owner(session_id: str) -> str:
    return reviews.conversation_header(session_id=session_id).session.user_id
