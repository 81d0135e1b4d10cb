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


def test_a_topic_shift_is_a_divider_with_its_label(talked):
    divider = talked.conversation.locator(".divider.topic")

    expect(divider).to_have_count(1)
    expect(divider).to_contain_text("New topic: ")


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
