"""What somebody who has just arrived is offered, with the built-in demo and nothing set up."""

import re

import pytest
from playwright.sync_api import expect

from tests.chatproject.conftest import Service


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A service without a model."""
    running = Service(tmp_path_factory.mktemp("demo") / "data", THROTTLE_CHAT="").ready()
    yield running
    running.end()
    running.kill()


def test_three_messages_one_after_the_other_show_what_the_service_does(somebody, demo):
    alice = somebody(at=demo)
    steps = alice.page.get_by_role("list", name="Try it in three messages")
    expect(steps.get_by_role("listitem")).to_have_count(3)
    expect(steps.get_by_role("button")).to_have_count(1)
    steps.get_by_role("button").click()
    expect(alice.writing).to_have_value(
        "My dog is called Rufus, and we are going to Lisbon in May."
    )
    alice.writing.press("Enter")
    expect(alice.messages("Assistant")).to_contain_text("I will remember that")

    alice.page.get_by_role("button", name="It chooses what to recall").click()
    alice.writing.press("Enter")
    expect(alice.messages("Assistant").nth(1)).to_contain_text(
        "you said: \u201cMy dog is called Rufus"
    )
    alice.page.get_by_role("button", name="It notices new topics").click()
    alice.writing.press("Enter")
    expect(alice.messages("Assistant").nth(2)).to_contain_text("It looks like a new topic")
    expect(alice.conversation.get_by_text("New topic: merge overlapping intervals")).to_be_visible()
    alice.page.get_by_role("button", name="It tells you why").click()
    plan = alice.page.get_by_role("complementary", name="What the model sees")
    expect(plan).to_contain_text("6 messages of 6")
    expect(alice.conversation).not_to_contain_text("LLM_BASE_URL")


def test_who_goes_their_own_way_is_offered_nothing_more(somebody, demo):
    alice = somebody(at=demo)
    alice.says("What is the capital of Peru?")
    expect(alice.messages("Assistant")).to_contain_text("You have not told me anything yet.")
    alice.rests()

    expect(alice.page.locator(".next-idea")).to_be_hidden()
    expect(alice.conversation).not_to_contain_text("LLM_BASE_URL")


def test_the_figures_of_the_window_say_what_they_mean(somebody, demo):
    alice = somebody(
        at=demo, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    alice.says("My dog is called Rufus")
    meter = alice.page.get_by_role("button", name="Context: ")
    meaning = re.compile(r"The model is sent \d+ of at most 4,000 tokens of this chat\. Select to")
    expect(meter).to_have_attribute("title", meaning)
    meter.tap()

    plan = alice.page.get_by_role("complementary", name="What the model sees")
    expect(plan).to_contain_text("This much of the chat is sent with your next message.")
