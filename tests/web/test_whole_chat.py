"""The whole of a chat on one page: to find in it, and to print it."""

import io

import httpx
import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

COUNT = 240
# A browser without a printer opens no dialog; how many messages it was given is noted.
PRINT = """() => {
  window.print = () => (window.printed = document.querySelectorAll(".whole article").length);
}"""


@pytest.fixture
def long_chat(alice, site):
    """Alice in a chat of which the page has loaded the end only."""
    headers = {"Authorization": f"Bearer {alice.token()}"}
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": f"Sentence number {number}."}
        for number in range(COUNT)
    ]
    body = {"title": "Long", "messages": messages}
    httpx.post(f"{site.url}/session/create", json=body, headers=headers, timeout=30)
    alice.page.reload()
    alice.button("Long").click()
    expect(alice.messages("Assistant").last).to_contain_text(f"number {COUNT - 1}.")
    return alice


def whole(person):
    return person.page.locator(".whole")


def shows_whole(person):
    person.option("Whole chat, to find or print")
    expect(whole(person).get_by_role("status")).to_have_text(f"{COUNT} messages")


def test_it_has_every_message_and_leads_back(long_chat):
    assert long_chat.conversation.get_by_text("Sentence number 0.").count() == 0
    shows_whole(long_chat)
    expect(whole(long_chat).get_by_role("article")).to_have_count(COUNT)
    expect(whole(long_chat)).to_contain_text("Sentence number 0.")
    expect(long_chat.writing).to_be_hidden()
    long_chat.page.keyboard.press("Escape")

    expect(whole(long_chat)).to_have_count(0)
    expect(long_chat.messages("Assistant").last).to_contain_text(f"number {COUNT - 1}.")


def test_it_is_printed_whole(long_chat):
    shows_whole(long_chat)
    pages = PdfReader(io.BytesIO(long_chat.page.pdf())).pages
    text = " ".join(page.extract_text() for page in pages)

    for number in (0, COUNT // 2, COUNT - 1):
        assert f"number {number}." in text
    assert "Back to the chat" not in text
    assert "New chat" not in text


def test_ctrl_p_loads_the_chat_before_it_prints(long_chat):
    long_chat.page.evaluate(PRINT)
    long_chat.conversation.focus()
    long_chat.page.keyboard.press("Control+p")
    long_chat.eventually(lambda: long_chat.page.evaluate("window.printed"))

    assert long_chat.page.evaluate("window.printed") == COUNT


def test_what_cannot_be_loaded_is_said_to_be_missing(long_chat):
    long_chat.page.route("**/messages?*", lambda route: route.abort())
    long_chat.option("Whole chat, to find or print")

    expect(whole(long_chat).get_by_role("status")).to_contain_text("not on this device are missing")
    expect(whole(long_chat).get_by_role("article").last).to_contain_text(f"number {COUNT - 1}.")
    long_chat.button("Back to the chat").click()
    expect(long_chat.writing).to_be_visible()
