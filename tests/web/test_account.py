"""One's account: coming in, another password, one's data, the end."""

import json

from playwright.sync_api import expect

from tests.waiting import wait_until
from tests.web.people import PASSWORD


def settings(person):
    person.button(person.name).click()
    return person.page.get_by_role("dialog")


def test_a_wrong_password_is_said(alice):
    alice.button("Sign out").click()
    alice.fill_in("wrong wrong wrong")
    alice.button("Sign in").click()

    expect(alice.page.get_by_role("alert")).not_to_be_empty()
    alice.signs_in()


def test_a_weak_password_is_refused_at_its_field(somebody):
    person = somebody(opened=False)
    person.page.goto(person.service.url)
    person.button("Create an account").click()
    expect(person.page.get_by_text("At least 10 characters")).to_be_visible()
    person.fill_in("a7$k")
    person.button("Create account").click()

    expect(person.page.locator("#password-problem")).to_contain_text("too short")
    expect(person.page.get_by_role("textbox", name="Password")).to_have_attribute(
        "aria-invalid", "true"
    )


def test_empty_fields_are_asked_for(somebody):
    person = somebody(opened=False)
    person.page.goto(person.service.url)
    person.button("Sign in").click()

    expect(person.page.get_by_text("Enter a username.")).to_be_visible()
    expect(person.page.get_by_text("Enter a password.")).to_be_visible()


def test_a_reload_keeps_one_signed_in(alice):
    alice.asks("Hello")
    alice.page.reload()

    expect(alice.messages("Assistant")).to_have_count(1)


def test_a_changed_password_keeps_this_browser_signed_in_and_signs_in_next_time(alice):
    box = settings(alice)
    box.get_by_label("Current password").fill(PASSWORD)
    box.get_by_label("New password").fill("another horse battery")
    box.get_by_role("button", name="Change password").click()
    expect(alice.page.get_by_text("Password changed.")).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.asks("Still here?")
    alice.button("Sign out").click()
    alice.signs_in("another horse battery")

    expect(alice.page.get_by_role("navigation").locator(".session-title")).to_have_count(1)


def test_a_change_of_password_needs_the_current_one(alice):
    box = settings(alice)
    box.get_by_label("Current password").fill("not this one")
    box.get_by_label("New password").fill("another horse battery")
    box.get_by_role("button", name="Change password").click()

    expect(box.locator("#current_password-problem")).not_to_be_empty()


def test_the_users_data_is_exported_as_json_lines(alice, tmp_path):
    alice.asks("Keep this")
    box = settings(alice)
    with alice.page.expect_download() as download:
        box.get_by_role("button", name="Export my data").click()
    download.value.save_as(tmp_path / "data")

    lines = (tmp_path / "data").read_text().splitlines()
    assert any("Keep this" in json.dumps(json.loads(line)) for line in lines)


def test_deleting_the_account_leaves_nothing(alice, site):
    alice.asks("Forget this")
    token = alice.token()
    box = settings(alice)
    box.get_by_label("Your password, to be sure").fill("wrong")
    box.get_by_role("button", name="Delete my account").click()
    expect(box.locator("#delete_password-problem")).not_to_be_empty()
    box.get_by_label("Your password, to be sure").fill(PASSWORD)
    box.get_by_role("button", name="Delete my account").click()

    expect(alice.page.get_by_role("textbox", name="Username")).to_be_visible()
    assert site.get("/auth/me", token).status_code == 401
    names = "async () => (await indexedDB.databases()).map((one) => one.name)"
    wait_until(lambda: alice.page.evaluate(names) == [])


def test_dark_and_light_can_be_chosen(alice):
    box = settings(alice)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    box.get_by_text("light", exact=True).click()
    light = alice.page.evaluate(ground)
    box.get_by_text("dark", exact=True).click()
    wait_until(lambda: alice.page.evaluate(ground) != light)
    box.get_by_text("light", exact=True).click()

    wait_until(lambda: alice.page.evaluate(ground) == light)


def test_a_password_can_be_shown_and_hidden_again(somebody):
    person = somebody(opened=False)
    person.page.goto(person.service.url)
    person.fill_in("secret words")
    password = person.page.get_by_role("textbox", name="Password")
    person.button("Show password").click()
    expect(password).to_have_attribute("type", "text")
    person.button("Show password").click()

    expect(password).to_have_attribute("type", "password")


def test_a_link_for_a_new_password_is_asked_for(somebody):
    person = somebody(opened=False)
    person.page.goto(person.service.url)
    person.button("Forgot your password?").click()
    expect(person.page.get_by_role("textbox", name="Username")).to_be_hidden()
    person.button("Send the link").click()
    expect(person.page.get_by_text("Enter an email address.")).to_be_visible()
    person.page.get_by_role("textbox", name="Email").fill("nobody@example.org")
    person.button("Send the link").click()

    expect(person.page.get_by_text("a link is on its way")).to_be_visible()
    person.button("Back to sign in").click()
    expect(person.button("Sign in")).to_be_visible()


def test_keys_devices_and_reads_are_in_the_account(alice, site):
    box = settings(alice)
    box.get_by_text("Signed-in devices").click()
    expect(box.get_by_text("This device")).to_be_visible()
    expect(box.get_by_text("Chrome on Linux")).to_be_visible()
    expect(box.get_by_text("At least 10 characters")).to_be_visible()
    box.get_by_text("Who has read my chats").click()
    expect(box.get_by_text("No member of staff has read your chats.")).to_be_visible()
    box.get_by_text("API keys").click()
    box.get_by_label("Name of a new key").fill("Robot")
    box.locator("#key_password").fill(PASSWORD)
    box.get_by_role("button", name="Create key").click()
    key = box.get_by_label("The new key").input_value()
    assert site.get("/session", key).status_code == 200
    box.get_by_role("button", name="Delete the key Robot").click()
    sure = alice.page.get_by_role("dialog", name="Delete the key Robot?")
    sure.get_by_role("button", name="Cancel").click()
    assert site.get("/session", key).status_code == 200
    alice.context.set_offline(True)
    box.get_by_role("button", name="Delete the key Robot").click()
    sure.get_by_role("button", name="Delete key").click()
    expect(box.get_by_role("alert").filter(has_text="You appear to be offline.")).to_be_visible()
    alice.context.set_offline(False)
    box.get_by_role("button", name="Delete the key Robot").click()
    sure.get_by_role("button", name="Delete key").click()

    expect(box.get_by_role("button", name="Delete the key Robot")).to_have_count(0)
    assert site.get("/session", key).status_code == 401


def test_instructions_and_a_system_prompt_open_the_next_chat(alice, site):
    box = settings(alice)
    box.get_by_label("Instructions for every chat").fill("Answer in verse.")
    box.get_by_role("button", name="Save instructions").click()
    expect(alice.page.get_by_text("Instructions saved.")).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.button("Choose a model and a system prompt").click()
    box = alice.page.get_by_role("dialog", name="Chat settings")
    expect(box.get_by_role("option", name="test-model")).to_be_attached()
    box.get_by_label("Model").select_option("test-model")
    box.get_by_label("System prompt").fill("You are a heron.")
    box.get_by_role("button", name="Done").click()
    alice.asks("Hello")

    session = site.get(f"/session/{alice.session_id}", alice.token()).json()
    assert session["metadata"]["model"] == "test-model"
    assert session["messages"][0]["role"] == "system"
    assert session["messages"][0]["content"] == "Answer in verse.\n\nYou are a heron."
