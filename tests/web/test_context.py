"""What the model sees: the meter, the plan, starting fresh, the dividers."""

import httpx
import pytest
from playwright.sync_api import expect

TALK = [
    ("user", "Which sourdough starter rises fastest in a cold kitchen?"),
    ("assistant", "A rye starter, fed twice a day, rises fastest in a cold kitchen."),
    ("user", "How much rye flour and water does the starter need for bread dough?"),
    ("assistant", "Equal weights of rye flour and water, and a spoon of the old starter dough."),
    ("user", "My bicycle's rear derailleur skips gears under load. What should I check?"),
    ("assistant", "Check the hanger, the cable tension and the worn cassette of the bicycle."),
]


@pytest.fixture
def talked(alice, site):
    """Alice in a chat with two topics."""
    headers = {"Authorization": f"Bearer {alice.token()}"}
    messages = [{"role": role, "content": content} for role, content in TALK]
    body = {"title": "Bread and bicycles", "messages": messages}
    httpx.post(f"{site.url}/session/create", json=body, headers=headers, timeout=30)
    alice.page.reload()
    alice.button("Bread and bicycles").click()
    expect(alice.messages("Assistant")).to_have_count(3)
    return alice


def panel(person):
    return person.page.get_by_role("complementary", name="What the model sees")


def test_the_meter_opens_the_plan_with_reasons_and_tokens(talked):
    talked.page.get_by_role("button", name="Context").click()

    expect(panel(talked)).to_contain_text("of 4,000 tokens")
    expect(panel(talked).locator(".plan-entry")).to_have_count(6)
    expect(panel(talked)).to_contain_text("Newest question")
    panel(talked).locator(".plan-entry").last.click()
    expect(talked.messages("User").first).to_be_focused()


def test_what_was_left_out_is_listed_with_the_reason(talked, site):
    headers = {"Authorization": f"Bearer {talked.token()}"}
    policy = {"context_policy": {"max_tokens": 64}}
    address = f"{site.url}/session/{talked.session_id}"
    assert httpx.patch(address, json=policy, headers=headers, timeout=20).status_code == 200
    talked.page.get_by_role("button", name="Context").click()

    expect(panel(talked)).to_contain_text("of 64 tokens")
    expect(panel(talked)).to_contain_text("Left out")
    dropped = panel(talked).locator("li.dropped").first
    expect(dropped.locator(".plan-why")).to_contain_text("Less relevant to the question")


def sees_topics(person, *topics):
    """The service tells these topics: where each begins, its label, and whether it is sure."""
    results = [
        {"topic": number, "start_seq": seq, "label": label, **more}
        for number, (seq, label, more) in enumerate(topics, 1)
    ]
    person.page.route("**/topics", lambda route: route.fulfill(json={"results": results}))
    person.page.reload()
    expect(person.messages("Assistant")).to_have_count(3)
    return person.conversation.locator(".divider.topic")


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("bicycle", "New topic: bicycle"),
        ("bicycle, cassette", "New topic: bicycle, cassette"),
        ("text, ong, long", "New topic"),
        ("complexity, bears, nothing, time", "New topic"),
        ("", "New topic"),
    ],
)
def test_a_topic_shift_is_a_divider_with_a_readable_label_or_none(talked, label, shown):
    divider = sees_topics(talked, (1, "bread", {}), (5, label, {"divider": True}))

    expect(divider).to_have_text(shown)


def test_only_where_the_service_is_sure_is_a_divider_and_none_when_switched_off(talked):
    unsure, sure = {"divider": False}, {"divider": True}
    divider = sees_topics(talked, (1, "bread", {}), (3, "flour", unsure), (5, "bicycle", sure))
    expect(divider).to_have_text("New topic: bicycle")
    talked.button(talked.name).click()
    talked.page.get_by_label("Show where the topic changes").click()
    talked.page.keyboard.press("Escape")
    expect(divider).to_have_count(0)
    talked.page.reload()
    expect(talked.messages("Assistant")).to_have_count(3)

    expect(divider).to_have_count(0)


def test_starting_fresh_and_undoing_it(talked, site):
    def start():
        return site.get(f"/session/{talked.session_id}", talked.token()).json()["context_start"]

    talked.option("Start fresh here")
    expect(talked.conversation.get_by_text("Starts fresh here")).to_be_visible()
    talked.page.get_by_role("button", name="Context").click()
    expect(panel(talked)).to_contain_text("Before the fresh start")
    assert start() == 7
    talked.conversation.get_by_role("button", name="Undo").click()

    expect(talked.conversation.get_by_text("Starts fresh here")).to_have_count(0)
    expect(panel(talked)).not_to_contain_text("Before the fresh start")
    assert start() == 1
