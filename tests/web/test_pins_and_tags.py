"""Chats that are pinned stand first, and tags narrow the list."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.waiting import wait_until

CHATS = ("Oldest", "Middle", "Newest")


@pytest.fixture
def chatty(alice, site):
    """Alice with three chats, the newest open."""
    headers = {"Authorization": f"Bearer {alice.token()}"}
    for title in CHATS:
        messages = [{"role": "user", "content": f"About {title}"}]
        body = {"title": title, "messages": messages}
        httpx.post(f"{site.url}/session/create", json=body, headers=headers, timeout=30)
    alice.page.reload()
    alice.button("Newest").click()
    expect(alice.messages("User")).to_have_count(1)
    return alice


def listed(person):
    return person.page.get_by_role("navigation", name="Chats").locator(".session-title")


def groups(person):
    return person.page.get_by_role("navigation", name="Chats").locator("h2.group")


def menu_of(person, title, item):
    button = person.button(f"Options for {title}")
    person.page.locator("li", has=button).hover()
    button.click()
    person.page.get_by_role("menuitem", name=item, exact=True).click()


def sessions(site, person, query=""):
    answer = site.get(f"/session?status=active{query}", person.token())
    return {one["title"]: one for one in answer.json()["results"]}


def tags(person, title, *names):
    menu_of(person, title, "Tags")
    for name in names:
        person.page.get_by_role("combobox", name="New tag").fill(name)
        person.page.keyboard.press("Enter")
    person.button("Done").click()


def test_a_pinned_chat_stands_first_here_and_on_another_device(chatty, site, somebody):
    menu_of(chatty, "Oldest", "Pin")
    expect(groups(chatty)).to_have_text(["Pinned", "Today"])
    expect(listed(chatty)).to_have_text(["Oldest", "Newest", "Middle"])
    wait_until(lambda: sessions(site, chatty)["Oldest"]["pinned"])
    phone = somebody(opened=False)
    phone.name = chatty.name
    phone.page.goto(site.url)
    phone.signs_in()
    expect(listed(phone)).to_have_text(["Oldest", "Newest", "Middle"])

    menu_of(chatty, "Oldest", "Unpin")
    expect(groups(chatty)).to_have_text(["Today"])
    wait_until(lambda: not sessions(site, chatty)["Oldest"]["pinned"])


def test_a_tag_that_is_given_narrows_the_list(chatty, site):
    tags(chatty, "Middle", "travel", "2027")
    tags(chatty, "Oldest", "travel")
    wait_until(lambda: sessions(site, chatty)["Middle"]["tags"] == ["travel", "2027"])
    choice = chatty.page.get_by_role("group", name="Tags")
    choice.get_by_role("button", name="travel").click()
    expect(listed(chatty)).to_have_count(2)
    assert sorted(listed(chatty).all_inner_texts()) == ["Middle", "Oldest"]
    choice.get_by_role("button", name="2027").click()
    expect(listed(chatty)).to_have_text(["Middle"])
    choice.get_by_role("button", name="2027").click()
    expect(listed(chatty)).to_have_count(3)


def test_a_tag_is_taken_away_and_its_chip_goes_with_the_last(chatty, site):
    tags(chatty, "Middle", "travel")
    wait_until(lambda: sessions(site, chatty)["Middle"]["tags"] == ["travel"])
    menu_of(chatty, "Middle", "Tags")
    chatty.button("Remove travel").click()
    chatty.button("Done").click()
    wait_until(lambda: sessions(site, chatty)["Middle"]["tags"] == [])
    chatty.page.reload()

    expect(listed(chatty)).to_have_count(3)
    expect(chatty.page.get_by_role("group", name="Tags")).to_be_hidden()


def test_tags_and_pins_that_are_made_offline_are_sent_later(chatty, site):
    # Its dialog has been loaded before, or the worker has it; here nothing is cached.
    tags(chatty, "Newest", "first")
    chatty.context.set_offline(True)
    tags(chatty, "Middle", "later")
    menu_of(chatty, "Middle", "Pin")
    expect(listed(chatty).first).to_have_text("Middle")
    chatty.context.set_offline(False)

    wait_until(lambda: sessions(site, chatty)["Middle"]["tags"] == ["later"])
    wait_until(lambda: sessions(site, chatty)["Middle"]["pinned"])


def test_a_pin_far_down_the_list_is_found(chatty, site):
    headers = {"Authorization": f"Bearer {chatty.token()}"}
    pinned = {"title": "Long ago", "pinned": True, "tags": ["old"]}
    httpx.post(f"{site.url}/session/create", json=pinned, headers=headers, timeout=30)
    for number in range(55):
        body = {"title": f"Filler {number}"}
        httpx.post(f"{site.url}/session/create", json=body, headers=headers, timeout=30)
    chatty.page.reload()

    expect(listed(chatty).first).to_have_text("Long ago")
    expect(chatty.page.get_by_role("group", name="Tags")).to_contain_text("old")
