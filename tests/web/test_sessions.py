"""The list of chats: finding, renaming, putting away, deleting, taking in and out."""

import json

import pytest
from playwright.sync_api import expect

from tests.waiting import wait_until
from tests.web.conftest import stored


def listed(person):
    return person.page.get_by_role("navigation", name="Chats").locator(".session-title")


def titles(site, person, status="active"):
    answer = site.get(f"/session?status={status}", person.token())
    return [one["title"] for one in answer.json()["results"]]


@pytest.fixture
def chatty(alice):
    """Alice with a chat called Boats."""
    alice.asks("Tell me about boats")
    alice.option("Rename")
    alice.page.get_by_role("textbox", name="Title").fill("Boats")
    alice.page.keyboard.press("Enter")
    expect(listed(alice)).to_have_text(["Boats"])
    return alice


def test_renaming_reaches_the_service(chatty, site):
    wait_until(lambda: titles(site, chatty) == ["Boats"])


def test_renaming_with_escape_changes_nothing(chatty):
    chatty.option("Rename")
    chatty.page.get_by_role("textbox", name="Title").fill("Something else")
    chatty.page.keyboard.press("Escape")

    expect(chatty.page.locator("h1.title")).to_have_text("Boats")


def test_an_archived_chat_is_read_only_and_can_be_restored(chatty, site):
    chatty.option("Archive")
    expect(chatty.page.get_by_text("Your chats appear here.")).to_be_visible()
    wait_until(lambda: titles(site, chatty, "archived") == ["Boats"])
    chatty.button("Archived").click()
    chatty.button("Boats").click()
    expect(chatty.page.get_by_text("This chat is archived.")).to_be_visible()
    expect(chatty.writing).to_be_hidden()
    chatty.button("Restore").click()

    expect(chatty.writing).to_be_visible()
    wait_until(lambda: titles(site, chatty) == ["Boats"])


def test_a_deletion_can_be_taken_back(chatty, site):
    chatty.option("Delete")
    expect(listed(chatty)).to_have_count(0)
    chatty.button("Undo").click()

    expect(listed(chatty)).to_have_text(["Boats"])
    expect(chatty.messages("User")).to_have_count(1)
    chatty.page.wait_for_timeout(7_000)
    assert titles(site, chatty) == ["Boats"]


def test_a_deleted_chat_is_gone_from_the_service(chatty, site):
    chatty.option("Delete")
    wait_until(lambda: titles(site, chatty) == [])

    chatty.page.reload()
    expect(chatty.page.get_by_text("Your chats appear here.")).to_be_visible()


def test_a_chat_deleted_elsewhere_goes_from_the_list(chatty, site):
    import httpx

    headers = {"Authorization": f"Bearer {chatty.token()}"}
    httpx.delete(f"{site.url}/session/{chatty.session_id}", headers=headers, timeout=20)
    chatty.page.reload()

    expect(chatty.page.get_by_text("Your chats appear here.")).to_be_visible()
    expect(chatty.page.get_by_text("This chat no longer exists.")).to_be_visible()


def test_searching_finds_titles_and_words_and_goes_to_the_message(chatty):
    chatty.button("New chat").click()
    chatty.asks("What do herons eat?")
    chatty.page.get_by_role("searchbox", name="Search").fill("boat")
    expect(listed(chatty).first).to_have_text("Boats")
    # What the title already says is not said again above it.
    expect(chatty.page.locator(".group.of-chat").filter(has_text="Boats")).to_have_count(0)
    chatty.page.get_by_role("searchbox", name="Search").fill("Heron")
    found = chatty.page.locator(".session.found").filter(has=chatty.page.locator(".snippet"))
    expect(found.first.locator(".snippet mark")).to_have_text(["herons"])
    # Both messages of the chat, under its title.
    expect(chatty.page.locator(".session-list h2")).to_have_count(1)
    found.filter(has_text="You ").first.click()

    expect(chatty.messages("User")).to_contain_text("What do herons eat?")


def test_a_chat_goes_out_as_a_file_and_comes_back_as_a_new_one(chatty, tmp_path, site):
    with chatty.page.expect_download() as download:
        chatty.option("Export as JSON")
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name == "Boats.json"
    assert [one["role"] for one in json.loads(saved.read_text())["messages"]] == [
        "user",
        "assistant",
    ]
    first = chatty.session_id
    chatty.page.get_by_label("File to import").set_input_files(saved)
    expect(chatty.page.get_by_text("Chat imported.")).to_be_visible()

    wait_until(lambda: chatty.session_id != first)
    chatty.shows(["Tell me about boats", "Answer to: Tell me about boats"])
    assert titles(site, chatty) == ["Boats", "Boats"]


def test_a_chat_goes_out_as_markdown(chatty, tmp_path):
    with chatty.page.expect_download() as download:
        chatty.option("Export as Markdown")
    saved = tmp_path / "chat.md"
    download.value.save_as(saved)

    assert download.value.suggested_filename == "Boats.md"
    assert saved.read_text().startswith("# Boats")


def test_another_file_is_refused_with_a_reason(alice, tmp_path):
    (tmp_path / "not.json").write_text("{}")
    alice.page.get_by_label("File to import").set_input_files(tmp_path / "not.json")

    expect(alice.page.get_by_text("none of the formats")).to_be_visible()


def test_new_chat_is_one_key_away(chatty):
    chatty.writing.press("Alt+n")
    expect(chatty.page.get_by_text("What is on your mind")).to_be_visible()
    chatty.button("Boats").click()
    expect(chatty.page.get_by_text("What is on your mind")).to_be_hidden()
    expect(chatty.messages("Assistant").first).to_be_visible()
    chatty.conversation.focus()
    expect(chatty.conversation).to_be_focused()
    chatty.page.keyboard.press("n")

    expect(chatty.page.get_by_text("What is on your mind")).to_be_visible()
    expect(chatty.writing).to_be_focused()


def test_the_keyboard_shortcuts_are_shown(chatty):
    chatty.conversation.focus()
    chatty.page.keyboard.press("?")
    expect(chatty.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    chatty.page.keyboard.press("Escape")

    expect(chatty.page.get_by_role("dialog")).to_have_count(0)


def test_a_message_is_erased_unless_that_is_undone(chatty, site):
    path = f"/session/{chatty.session_id}/messages?after=0"
    chatty.messages("User").hover()
    chatty.messages("User").get_by_role("button", name="Delete").click()
    expect(chatty.messages("User").locator(".body")).to_have_text("Deleted")
    chatty.button("Undo").click()
    expect(chatty.messages("User").locator(".body")).to_have_text("Tell me about boats")
    chatty.sent()
    assert not site.get(path, chatty.token()).json()["results"][0]["deleted"]
    chatty.messages("User").hover()
    chatty.messages("User").get_by_role("button", name="Delete").click()

    expect(chatty.messages("User").locator(".body")).to_have_text("Deleted")
    wait_until(lambda: site.get(path, chatty.token()).json()["results"][0]["deleted"])


def test_each_of_two_deletions_can_be_undone_by_the_keyboard_too(chatty, site):
    chatty.asks("More")
    for role in ("User", "Assistant"):
        chatty.messages(role).last.get_by_role("button", name="Delete").click()
    expect(chatty.button("Undo")).to_have_count(2)
    chatty.conversation.focus()
    chatty.page.keyboard.press("z")
    chatty.page.keyboard.press("z")

    expect(chatty.button("Undo")).to_have_count(0)
    expect(chatty.conversation).not_to_contain_text("Deleted")
    kept = stored(site, chatty.token(), chatty.session_id)
    assert [one["deleted"] for one in kept] == [False] * 4


def test_what_is_deleted_is_gone_before_the_model_is_asked_again(chatty, site):
    chatty.messages("User").hover()
    chatty.messages("User").get_by_role("button", name="Delete").click()
    chatty.asks("And ships?")

    path = f"/session/{chatty.session_id}/messages?after=0"
    assert site.get(path, chatty.token()).json()["results"][0]["deleted"]


def test_a_double_click_renames_and_the_keys_stay_in_the_title(chatty, site):
    chatty.button("New chat").click()
    chatty.button("Boats").dblclick()
    title = chatty.page.get_by_role("navigation", name="Chats").get_by_role("textbox", name="Title")
    expect(title).to_be_focused()
    chatty.page.wait_for_timeout(300)
    chatty.page.keyboard.type("Ships")
    chatty.page.keyboard.press("Enter")

    expect(listed(chatty)).to_have_text(["Ships"])
    expect(chatty.messages("User")).to_have_count(1)
    wait_until(lambda: titles(site, chatty) == ["Ships"])


def test_undoing_an_archive_returns_to_the_chat_with_its_composer(chatty):
    chatty.option("Archive")
    expect(chatty.messages("User")).to_have_count(0)
    chatty.button("Undo").click()

    expect(chatty.messages("User")).to_have_count(1)
    expect(chatty.writing).to_be_visible()
    assert chatty.writing.bounding_box()["height"] > 20


def test_the_composer_of_a_restored_chat_has_its_height(chatty):
    chatty.option("Archive")
    chatty.button("Archived").click()
    chatty.button("Boats").click()
    chatty.page.reload()
    chatty.button("Restore").click()

    expect(chatty.writing).to_be_visible()
    assert chatty.writing.bounding_box()["height"] > 20


def test_a_dropped_file_does_not_leave_the_page(chatty):
    address = chatty.page.url
    prevented = chatty.page.evaluate(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File(["x"], "x.txt"));
          return ["dragover", "drop"].every((type) => !document.body.dispatchEvent(
            new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true })));
        }"""
    )

    assert prevented
    assert chatty.page.url == address


def test_a_reply_is_rated_and_that_is_taken_back(chatty, site):
    path = f"/session/{chatty.session_id}/messages?after=1"
    good = chatty.messages("Assistant").get_by_role("button", name="Good answer")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    assert site.get(path, chatty.token()).json()["results"][0]["feedback"]["rating"] == "up"
    good.click()

    expect(good).to_have_attribute("aria-pressed", "false")
    assert "feedback" not in site.get(path, chatty.token()).json()["results"][0]
