"""A chat of 10,000 messages."""

import time

import httpx
import pytest
from playwright.sync_api import expect

from tests.waiting import wait_until

COUNT = 10_000


@pytest.fixture(scope="module")
def long(browser, site):
    """Somebody who has such a chat; the page is not open yet."""
    from tests.web.people import PASSWORD, Person

    person = Person(browser, site, name=f"long-{time.time_ns()}")
    body = {"username": person.name, "password": PASSWORD}
    registered = httpx.post(f"{site.url}/auth/register", json=body, timeout=20).json()
    with httpx.Client(
        base_url=site.url, headers={"Authorization": f"Bearer {registered['access']}"}, timeout=60
    ) as client:
        created = client.post("/session/create", json={"title": "A long one"}).json()
        for first in range(0, COUNT, 100):
            messages = [line(number) for number in range(first + 1, first + 101)]
            answer = client.post(
                f"/session/{created['session_id']}/messages", json={"messages": messages}
            )
            assert answer.status_code == 201, answer.text
    person.page.goto(site.url)
    person.signs_in()
    person.page.get_by_role("button", name="A long one", exact=True).click()
    yield person
    person.leaves()


def line(number):
    role = "user" if number % 2 else "assistant"
    return {"role": role, "content": f"Number {number}. " + "More words. " * (number % 40)}


def article(person, number):
    return person.page.locator(f"article[aria-posinset='{number}']")


def middle(person):
    """The first words of what is in the middle of the view."""
    return person.conversation.evaluate(
        """(log) => {
            const { left, top, width, height } = log.getBoundingClientRect();
            const found = document.elementFromPoint(left + width / 2, top + height / 2);
            return found.closest(".row")?.innerText.slice(0, 14);
        }"""
    )


def number_in_the_middle(person):
    """Which message is there, once it has been fetched and drawn."""
    person.page.wait_for_timeout(60)
    wait_until(lambda: (middle(person) or "").startswith("Number"))
    return int(middle(person).split()[1].rstrip("."))


def test_it_opens_at_the_newest_with_few_rows_in_the_page(long):
    expect(article(long, COUNT)).to_be_in_viewport()
    assert long.conversation.get_by_role("article").count() < 80


def test_the_oldest_is_a_jump_away(long):
    long.conversation.focus()
    long.page.keyboard.press("Home")

    expect(article(long, 1)).to_be_in_viewport()
    expect(article(long, 1)).to_contain_text("Number 1.")
    assert long.conversation.get_by_role("article").count() < 80


def test_scrolling_through_keeps_the_order_and_never_jumps(long):
    long.conversation.evaluate("(log) => log.scrollTo(0, log.scrollHeight / 2)")
    wait_until(lambda: (middle(long) or "").startswith("Number"))
    seen = []
    for _ in range(30):
        long.conversation.evaluate("(log) => log.scrollBy(0, 400)")
        seen.append(number_in_the_middle(long))

    assert seen == sorted(seen)
    assert seen[-1] - seen[0] < 200


def test_scrolling_up_shows_each_message_in_turn(long):
    long.conversation.evaluate("(log) => log.scrollTo(0, log.scrollHeight * 0.7)")
    wait_until(lambda: (middle(long) or "").startswith("Number"))
    seen = []
    for _ in range(20):
        long.conversation.evaluate("(log) => log.scrollBy(0, -300)")
        seen.append(number_in_the_middle(long))

    assert seen == sorted(seen, reverse=True)


def test_the_arrows_go_from_message_to_message(long):
    long.conversation.evaluate("(log) => log.scrollTo(0, log.scrollHeight)")
    expect(article(long, COUNT)).to_be_in_viewport()
    long.conversation.focus()
    for _ in range(3):
        long.page.keyboard.press("ArrowUp")

    expect(article(long, COUNT - 2)).to_be_focused()


def test_a_new_message_appears_at_the_end(long):
    # The first turn of so long a chat waits until its topics have been judged.
    long.says("And number 10,001?")
    answer = long.messages("Assistant").last
    expect(answer).to_contain_text("Answer to: And number", timeout=120_000)
    long.rests()

    expect(article(long, COUNT + 2)).to_be_in_viewport()


def test_after_a_reload_only_what_is_new_is_asked_for(long):
    asked = []
    long.page.on("request", lambda one: asked.append(one.url) if "/messages?" in one.url else None)
    with long.page.expect_request(lambda one: "/messages?" in one.url):
        long.page.reload()
    expect(long.messages("Assistant").last).to_contain_text("10,001")

    assert all(f"after={COUNT + 2}&" in url for url in asked), asked
