"""Whatever comes first: replies, refetches, other tabs and answers in every order that hurts."""

import httpx
import jwt
import pytest
from playwright.sync_api import expect

from tests.waiting import wait_until
from tests.web.conftest import SIGNING_KEY, stored
from tests.web.interception import HeldDatabase, HeldRequests, LostAnswers, most_seen, tell, watch
from tests.web.people import says_in, second_tab

ASIDE = "Meant for this chat"


@pytest.fixture
def waiting(model):
    """The model stops in the middle of this one."""
    model.answers["wait for it"] = "one two three four"
    return model


def user_id(person):
    claims = jwt.decode(person.token(), SIGNING_KEY, algorithms=["HS256"])
    return claims["sub"]


def stream_of(person, begun):
    """The whole event stream of the turn in progress; `begun` is called once it has begun."""
    address = f"{person.service.url}/session/{person.session_id}/chat/stream"
    headers = {"Authorization": f"Bearer {person.token()}"}
    with httpx.stream("GET", address, headers=headers, timeout=60) as answer:
        text = ""
        for chunk in answer.iter_text():
            if "event: delta" in chunk and "event: delta" not in text:
                begun()
            text += chunk
    assert "event: done" in text
    return text


def reopens_without(person, store):
    """They close the page and open it again, while a part of its database cannot be read."""
    address = person.page.url
    person.sent()
    person.page.goto("about:blank")
    held = HeldDatabase(person, store)
    person.page.goto(address)
    expect(person.writing).to_be_visible()
    return held


def wakes(page):
    """The browser says that the network is back: the page looks for what is new."""
    page.evaluate("dispatchEvent(new Event('online'))")


def test_a_reply_is_shown_once_while_the_tab_that_sends_still_stores_it(alice, waiting):
    alice.asks("Hello")
    tab = second_tab(alice)
    whole = ["Hello", "Answer to: Hello", "wait for it", "one two three four"]
    alice.says("wait for it")
    expect(alice.messages("Assistant", tab).last).to_have_text("one two three")
    watch(tab)
    slow = HeldDatabase(alice, "messages")
    waiting.gate.set()
    alice.shows(whole)
    # What grows is told to other tabs now and then; of a page that is not in front, once a second.
    tab.wait_for_timeout(1_500)
    slow.let_go()

    alice.sent()
    alice.rests(tab)
    alice.shows(whole, tab)
    assert most_seen(tab, "Assistant") == 2


def test_a_stream_that_comes_after_its_reply_shows_nothing(alice, waiting, somebody):
    alice.says("wait for it")
    expect(alice.messages("Assistant")).to_have_text("one two three")
    phone = somebody(opened=False)
    phone.name = alice.name
    late = HeldRequests(phone.page, "/chat/stream")
    phone.page.goto(alice.page.url)
    phone.signs_in()
    phone.eventually(lambda: late.waiting)
    stream = stream_of(alice, waiting.gate.set)
    wakes(phone.page)
    phone.shows(["wait for it", "one two three four"])
    watch(phone.page)
    late.let_go(stream)

    alice.rests()
    phone.page.wait_for_timeout(500)
    phone.shows(["wait for it", "one two three four"])
    assert most_seen(phone.page, "Assistant") == 1


def test_a_request_repeated_after_its_reply_came_shows_nothing_twice(alice, model):
    alice.asks("Hello")
    again = HeldRequests(alice.page, "/chat$")
    LostAnswers(alice.page, "/chat$")
    with alice.page.expect_event("requestfailed"):
        alice.says("Just once")
    wakes(alice.page)
    alice.shows(["Hello", "Answer to: Hello", "Just once", "Answer to: Just once"])
    watch(alice.page)
    alice.eventually(lambda: again.waiting)
    again.let_go()

    alice.sent()
    alice.shows(["Hello", "Answer to: Hello", "Just once", "Answer to: Just once"])
    assert most_seen(alice.page, "Assistant") == 2
    assert model.asked["Just once"] == 1


def phone_of(alice, somebody):
    """Another device of Alice's, which follows the turn that waits."""
    phone = somebody(opened=False)
    phone.name = alice.name
    phone.page.goto(alice.page.url)
    phone.signs_in()
    expect(phone.messages("Assistant")).to_have_text("one two three")
    return phone


def test_a_turn_goes_on_in_the_other_tab_when_the_one_that_followed_it_is_closed(
    alice, waiting, somebody
):
    alice.says("wait for it")
    expect(alice.messages("Assistant")).to_have_text("one two three")
    phone = phone_of(alice, somebody)
    tab = second_tab(phone)
    expect(phone.messages("Assistant", tab)).to_have_text("one two three")
    phone.page.close()
    phone.page = tab
    waiting.gate.set()

    phone.shows(["wait for it", "one two three four"])
    phone.rests()
    alice.rests()


def test_two_devices_that_write_at_once_are_answered_one_after_the_other(
    alice, waiting, somebody, site
):
    alice.says("wait for it")
    expect(alice.messages("Assistant")).to_have_text("one two three")
    phone = phone_of(alice, somebody)
    watch(phone.page)
    with phone.page.expect_response(lambda one: one.url.endswith("/chat") and one.status == 409):
        phone.says("from the phone")
    waiting.gate.set()

    whole = ["wait for it", "one two three four", "from the phone", "Answer to: from the phone"]
    phone.shows(whole)
    phone.sent()
    assert [one["content"] for one in stored(site, alice.token(), alice.session_id)] == whole
    assert most_seen(phone.page, "Assistant") == 2
    wakes(alice.page)
    alice.shows(whole)


def test_what_is_written_while_the_page_opens_goes_into_the_chat_it_opens(alice, site):
    alice.asks("Hello")
    slow = reopens_without(alice, "outbox")
    alice.says(ASIDE)
    slow.let_go()

    alice.shows(["Hello", "Answer to: Hello", ASIDE, f"Answer to: {ASIDE}"])
    alice.sent()
    assert len(stored(site, alice.token(), alice.session_id)) == 4
    assert len(site.get("/session", alice.token()).json()["results"]) == 1


def test_what_is_typed_while_the_page_opens_stays(alice):
    alice.asks("Hello")
    slow = reopens_without(alice, "drafts")
    alice.writing.fill("typed at once")
    slow.let_go()

    expect(alice.messages("Assistant")).to_have_count(1)
    expect(alice.writing).to_have_value("typed at once")


def test_two_messages_that_begin_a_chat_begin_one_chat(alice, site):
    slow = HeldDatabase(alice, "sessions")
    alice.says("First")
    alice.says("Second")
    slow.let_go()

    alice.shows(["First", "Answer to: First", "Second", "Answer to: Second"])
    alice.sent()
    assert len(site.get("/session", alice.token()).json()["results"]) == 1


def test_what_has_been_sent_is_no_draft_any_more_however_slow_the_disk(alice):
    slow = HeldDatabase(alice, "drafts")
    alice.says("Hello")
    slow.let_go()
    alice.shows(["Hello", "Answer to: Hello"])
    alice.sent()
    alice.button("New chat").click()
    expect(alice.page.get_by_text("What is on your mind")).to_be_visible()
    alice.page.reload()

    expect(alice.page.get_by_text("What is on your mind")).to_be_visible()
    expect(alice.writing).to_have_value("")


def test_what_is_written_while_the_outbox_is_read_is_sent(alice, site):
    alice.asks("Hello")
    news = {"type": "outbox", "user_id": user_id(alice)}
    slow = HeldDatabase(alice, "outbox")
    tell(alice.page, news)
    # It is read by now, and the reading waits.
    alice.page.wait_for_timeout(300)
    alice.says("In between")
    slow.let_go()

    alice.shows(["Hello", "Answer to: Hello", "In between", "Answer to: In between"])
    alice.sent()


def test_tabs_that_write_in_the_same_millisecond_lose_nothing(alice, waiting, site):
    alice.context.add_init_script("const now = Date.now(); Date.now = () => 6e4 * ~~(now / 6e4)")
    alice.page.reload()
    alice.asks("Hello")
    tab = second_tab(alice)
    alice.says("wait for it")
    expect(alice.messages("Assistant", tab).last).to_have_text("one two three")
    for text in ("right 0", "right 1"):
        says_in(tab, text)
    expect(alice.messages("User", tab)).to_have_count(4)
    waiting.gate.set()

    wait_until(lambda: len(stored(site, alice.token(), alice.session_id)) == 8, 60)
    kept = [one["content"] for one in stored(site, alice.token(), alice.session_id)]
    assert kept[4:] == [f"{answer}right {n}" for n in (0, 1) for answer in ("", "Answer to: ")]
    alice.shows(kept)
    alice.shows(kept, tab)


def test_an_answer_from_before_a_change_does_not_undo_it(alice):
    stale = HeldRequests(alice.page, r"/session/[0-9a-f-]{36}\?limit=1$", answered=True)
    alice.asks("Tell me about boats")
    alice.eventually(lambda: stale.waiting)
    alice.option("Rename")
    alice.page.get_by_role("textbox", name="Title").fill("Boats")
    with alice.page.expect_response(lambda one: one.request.method == "PATCH"):
        alice.page.keyboard.press("Enter")
    alice.sent()
    stale.let_go()
    alice.page.wait_for_timeout(500)

    assert alice.page.locator("h1.title").inner_text() == "Boats"


def test_after_a_reload_an_answer_that_gave_way_stays_hidden(alice, model):
    model.answers["Tell a joke"] = "The first one."
    alice.asks("Tell a joke", "The first one.")
    model.answers["Tell a joke"] = "The second one."
    alice.button("Regenerate").click()
    expect(alice.messages("Assistant")).to_contain_text("2 / 2")
    alice.rests()
    alice.page.reload()

    expect(alice.messages("Assistant")).to_have_count(1)
    expect(alice.messages("Assistant")).to_contain_text("The second one.")
    expect(alice.messages("Assistant")).to_contain_text("2 / 2")


def test_a_lost_answer_to_a_renewal_signs_nobody_out(alice):
    alice.asks("Hello")
    # Once before a reload, as when it comes in between, and once after it.
    losing = LostAnswers(alice.context, "/auth/token/refresh$", 2)
    for _ in range(2):
        with alice.page.expect_event("requestfailed"):
            alice.page.reload()
    alice.asks("Still here?")

    assert losing.remaining == 0
    expect(alice.page.get_by_text("You have been signed out")).to_be_hidden()
