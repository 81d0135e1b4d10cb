"""Talking: what is written is sent, answered, and shown."""

import re

from playwright.sync_api import expect

from tests.waiting import wait_until
from tests.web.conftest import stored


def test_a_message_is_answered_and_both_are_stored(alice, site):
    alice.asks("What is a tail?")

    alice.shows(["What is a tail?", "Answer to: What is a tail?"])
    kept = stored(site, alice.token(), alice.session_id)
    assert [(one["role"], one["content"]) for one in kept] == [
        ("user", "What is a tail?"),
        ("assistant", "Answer to: What is a tail?"),
    ]


def test_each_message_is_an_article_with_its_role_in_its_name(alice):
    alice.asks("Hello")

    expect(alice.messages("User")).to_have_count(1)
    expect(alice.messages("Assistant")).to_have_count(1)
    expect(alice.messages("User")).to_have_attribute("aria-posinset", "1")


def test_a_reply_appears_as_it_is_written(alice, model):
    model.answers["please wait"] = "one two three four five"
    alice.says("please wait")

    expect(alice.messages("Assistant")).to_have_text("one two three")
    expect(alice.button("Stop")).to_be_visible()
    model.gate.set()
    expect(alice.messages("Assistant")).to_contain_text("one two three four five")
    alice.rests()


def test_what_the_model_thinks_is_folded_up_above_its_reply(alice, model):
    model.thoughts["please wait"] = "First <b>I</b> count.\nThen I say."
    model.answers["please wait"] = "one two three four five"
    alice.says("please wait")

    reply = alice.messages("Assistant")
    thoughts = reply.locator("details.thoughts")
    expect(thoughts.locator("summary")).to_have_text("Thoughts")
    expect(thoughts.locator("pre")).to_be_hidden()
    expect(reply.locator(".body")).to_have_text("one two three")
    thoughts.locator("summary").click()
    expect(thoughts.locator("pre")).to_have_text("First <b>I</b> count.\nThen I say.")
    model.gate.set()
    expect(reply.locator(".body")).to_have_text("one two three four five")
    alice.rests()

    # As it is stored, too, folded up again.
    alice.page.reload()
    expect(thoughts.locator("pre")).to_be_hidden()
    thoughts.locator("summary").click()
    expect(thoughts.locator("pre")).to_have_text("First <b>I</b> count.\nThen I say.")


def test_a_reply_without_thoughts_has_no_place_for_them(alice):
    alice.asks("Hello")

    expect(alice.messages("Assistant").locator("details.thoughts")).to_have_count(0)


def test_enter_sends_and_shift_enter_begins_a_line(alice):
    alice.writing.press_sequentially("first")
    alice.writing.press("Shift+Enter")
    alice.writing.press_sequentially("second")
    alice.writing.press("Enter")

    expect(alice.messages("User").locator(".body")).to_have_text(
        "first\nsecond", use_inner_text=True
    )
    expect(alice.writing).to_have_value("")


def test_the_session_is_in_the_address_and_the_title_appears_by_itself(alice):
    alice.asks("Hello there")

    assert alice.session_id
    listed = alice.page.get_by_role("navigation", name="Chats").locator(".session-title")
    expect(listed).to_have_count(1)
    expect(alice.page.locator("h1.title")).not_to_have_text("New chat")
    expect(alice.page).to_have_title(re.compile(".+"))


def test_stop_keeps_what_was_written_and_says_so(alice, model, site):
    model.answers["wait for me"] = "one two three four five"
    alice.says("wait for me")
    expect(alice.messages("Assistant")).to_have_text("one two three")
    alice.button("Stop").click()

    alice.rests()
    expect(alice.messages("Assistant")).to_contain_text("Stopped")
    kept = stored(site, alice.token(), alice.session_id)
    assert [one["content"] for one in kept] == ["wait for me", "one two three"]


def test_regenerate_shows_the_new_answer_and_either_can_be_the_current_one(alice, model, site):
    model.answers["Tell a joke"] = "The first one."
    alice.asks("Tell a joke", "The first one.")
    model.answers["Tell a joke"] = "The second one."
    alice.button("Regenerate").click()

    reply = alice.messages("Assistant")
    expect(reply).to_have_count(1)
    expect(reply).to_contain_text("The second one.")
    expect(reply).to_contain_text("2 / 2")
    alice.button("Earlier answer").click()
    expect(reply).to_contain_text("The first one.")
    expect(reply).to_contain_text("1 / 2")
    kept = stored(site, alice.token(), alice.session_id)
    assert [one["superseded_by"] for one in kept] == [None, None, 2]
    alice.page.reload()
    expect(alice.messages("Assistant")).to_contain_text("The first one.")


def test_an_edited_message_stands_in_its_place_and_either_version_can_be_current(alice, site):
    alice.asks("One")
    alice.asks("Two")
    session_id = alice.session_id
    alice.messages("User").last.hover()
    alice.messages("User").last.get_by_role("button", name="Edit").click()
    alice.page.get_by_role("textbox", name="Edit").fill("Three")
    alice.button("Save and ask").click()

    expect(alice.messages("Assistant").last).to_contain_text("Answer to: Three")
    alice.rests()
    assert alice.session_id == session_id
    alice.shows(["One", "Answer to: One", "Three", "Answer to: Three"])
    expect(alice.messages("User").last).to_contain_text("2 / 2")
    alice.button("Earlier version").click()
    alice.shows(["One", "Answer to: One", "Two", "Answer to: Two"])
    alice.asks("Four")
    alice.button("Later version").click()
    alice.shows(["One", "Answer to: One", "Three", "Answer to: Three"])
    alice.page.reload()
    alice.shows(["One", "Answer to: One", "Three", "Answer to: Three"])
    alice.button("Earlier version").click()
    alice.shows(["One", "Answer to: One", "Two", "Answer to: Two", "Four", "Answer to: Four"])
    kept = stored(site, alice.token(), session_id)
    assert [one["seq"] for one in kept if one["superseded_by"]] == [5, 6]


def test_a_failed_turn_is_offered_again_and_nothing_is_doubled(alice, model, site):
    model.broken = True
    alice.says("Is anybody there?")
    expect(alice.page.get_by_role("alert")).to_contain_text("The model could not be reached")
    model.broken = False
    alice.button("Try again").click()

    expect(alice.messages("Assistant")).to_contain_text("Answer to: Is anybody there?")
    alice.rests()
    kept = stored(site, alice.token(), alice.session_id)
    assert [one["role"] for one in kept] == ["user", "assistant"]


def test_markdown_is_drawn_and_code_can_be_copied(alice, model):
    code = "def double(x):\n    return 2 * x"
    model.answers["code"] = (
        f"Some **bold** text\n\n```python\n{code}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    alice.asks("code", "Some bold text")

    reply = alice.messages("Assistant")
    expect(reply.locator("strong")).to_have_text("bold")
    expect(reply.locator("pre code")).to_have_text(code)
    expect(reply.locator("td")).to_have_text(["1", "2"])
    expect(reply.locator(".hljs-keyword").first).to_have_text("def")
    reply.locator(".code").get_by_role("button", name="Copy").click()
    assert wait_until(lambda: alice.page.evaluate("navigator.clipboard.readText()")) == code + "\n"


def test_a_reply_is_said_once_it_is_whole(alice, model):
    model.answers["wait a bit"] = "one two three four"
    alice.says("wait a bit")
    expect(alice.messages("Assistant")).to_have_text("one two three")
    spoken = alice.page.locator(".visually-hidden[role=status]")
    expect(spoken).to_have_text("")
    model.gate.set()

    expect(spoken).to_have_text("Assistant: one two three four")


def test_the_list_stays_put_while_a_reply_is_written(alice, model):
    alice.asks("Hello")
    # The title that the model finds comes a while after the reply, and is drawn.
    expect(alice.page.locator("h1.title")).to_have_text("A fine title")
    listed = alice.page.locator("button.session")
    model.answers["wait and see"] = "one two three " + "more " * 30
    alice.says("wait and see")
    expect(alice.messages("Assistant").last).to_have_text("one two three")
    listed.evaluate("(button) => { window.kept = button }")
    model.gate.set()
    expect(alice.messages("Assistant").last).to_contain_text("more more more more more more")

    assert alice.page.evaluate("window.kept.isConnected")
