"""Two tabs of one browser: they show the same, and only one of them sends."""

from playwright.sync_api import expect

from tests.waiting import wait_until
from tests.web.conftest import stored
from tests.web.people import says_in, second_tab


def test_a_reply_is_seen_growing_in_both(alice, model):
    alice.asks("Hello")
    tab = second_tab(alice)
    model.answers["wait for both"] = "one two three four"
    alice.says("wait for both")

    expect(alice.messages("Assistant", tab).last).to_have_text("one two three")
    model.gate.set()
    whole = ["Hello", "Answer to: Hello", "wait for both", "one two three four"]
    alice.shows(whole, tab)
    alice.shows(whole)


def test_a_tab_opened_while_a_reply_is_written_joins_in(alice, model):
    model.answers["wait for it"] = "one two three four"
    alice.says("wait for it")
    expect(alice.messages("Assistant")).to_have_text("one two three")
    tab = second_tab(alice)

    expect(alice.messages("Assistant", tab)).to_have_text("one two three")
    model.gate.set()
    alice.shows(["wait for it", "one two three four"], tab)
    alice.shows(["wait for it", "one two three four"])
    assert model.asked["wait for it"] == 1


def test_messages_written_in_both_are_all_sent_once(alice, model, site):
    alice.asks("Hello")
    tab = second_tab(alice)
    for number in range(3):
        says_in(alice.page, f"left {number}")
        says_in(tab, f"right {number}")

    # Six turns, one after the other.
    expect(alice.messages("Assistant")).to_have_count(7, timeout=120_000)
    alice.sent()
    kept = [one["content"] for one in stored(site, alice.token(), alice.session_id)]
    assert len(kept) == 14
    for side in ("left", "right"):
        assert [text for text in kept if text.startswith(side)] == [f"{side} {n}" for n in range(3)]
    alice.shows(kept)
    alice.shows(kept, tab)


def test_when_the_tab_that_sends_is_closed_the_other_goes_on(alice, model, site):
    alice.asks("Hello")
    tab = second_tab(alice)
    model.answers["wait for the heir"] = "one two three four"
    alice.says("wait for the heir")
    expect(alice.messages("Assistant", tab).last).to_have_text("one two three")
    alice.page.close()
    model.gate.set()

    alice.page = tab
    alice.shows(["Hello", "Answer to: Hello", "wait for the heir", "one two three four"])
    alice.sent()
    assert model.asked["wait for the heir"] == 1
    assert len(stored(site, alice.token(), alice.session_id)) == 4


def test_signing_out_in_one_signs_out_the_other_and_leaves_nothing(alice):
    alice.asks("A secret")
    tab = second_tab(alice)
    alice.button("Sign out").click()

    for page in (alice.page, tab):
        expect(page.get_by_role("textbox", name="Username")).to_be_visible()
        expect(page.get_by_text("A secret")).to_have_count(0)
    wait_until(lambda: left_behind(tab) == {"databases": [], "storage": 0})


def test_the_next_person_sees_nothing_of_the_first(alice, somebody):
    alice.asks("A secret")
    tab = second_tab(alice)
    alice.button("Sign out").click()
    expect(tab.get_by_role("textbox", name="Username")).to_be_visible()
    alice.name = f"{alice.name}-bob"
    alice.registers()

    expect(alice.page.get_by_text("Your chats appear here.")).to_be_visible()
    expect(tab.get_by_text("Your chats appear here.")).to_be_visible()
    for page in (alice.page, tab):
        expect(page.get_by_text("A secret")).to_have_count(0)


def left_behind(page):
    return page.evaluate(
        """async () => ({
            databases: (await indexedDB.databases()).map((one) => one.name),
            storage: localStorage.length,
        })"""
    )
