"""Without a network: everything goes on, and is sent once, in order, when it is back."""

import re

from playwright.sync_api import expect

from tests.web.conftest import stored

THREE = ["First of three", "Second of three", "Third of three"]


def conversation(site, person):
    kept = stored(site, person.token(), person.session_id)
    return [(one["role"], one["content"]) for one in kept]


def answered(*questions):
    return [
        pair
        for question in questions
        for pair in (("user", question), ("assistant", f"Answer to: {question}"))
    ]


def test_three_messages_written_offline_are_sent_in_order_and_once(alice, site, model):
    alice.asks("Hello")
    alice.context.set_offline(True)
    for text in THREE:
        alice.says(text)
    expect(alice.messages("User")).to_have_count(4)
    expect(alice.page.get_by_text("Waiting for the network").first).to_be_visible()
    alice.context.set_offline(False)

    expect(alice.messages("Assistant")).to_have_count(4)
    alice.sent()
    assert conversation(site, alice) == answered("Hello", *THREE)
    assert [model.asked[text] for text in THREE] == [1, 1, 1]
    alice.shows([content for _, content in answered("Hello", *THREE)])


def test_a_chat_begun_offline_is_created_once(alice, site):
    alice.context.set_offline(True)
    for text in THREE:
        alice.says(text)
    expect(alice.messages("User")).to_have_count(3)
    alice.shows(THREE)
    assert "session=local-" in alice.page.url
    alice.context.set_offline(False)

    expect(alice.messages("Assistant")).to_have_count(3)
    alice.sent()
    assert conversation(site, alice) == answered(*THREE)
    assert len(site.get("/session", alice.token()).json()["results"]) == 1


def test_a_create_whose_answer_was_lost_is_not_repeated(alice, site):
    lost = []

    def lose(route):
        # The service does it, and the page never hears of it.
        if not lost:
            route.fetch()
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    alice.page.route("**/session/create", lose)
    alice.asks("Once only")

    assert lost
    assert len(site.get("/session", alice.token()).json()["results"]) == 1


def test_a_message_whose_answer_was_lost_is_stored_once(alice, site, model):
    alice.asks("Hello")
    lost = []

    def lose(route):
        if not lost:
            route.fetch()
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    alice.page.route("**/chat", lose)
    alice.asks("Just once")

    assert lost
    assert conversation(site, alice) == answered("Hello", "Just once")
    assert model.asked["Just once"] == 1


def test_what_was_written_offline_is_there_after_a_reload_and_sent_then(alice, site):
    alice.asks("Hello")
    # Only the service is out of reach, as the page itself must be loaded again.
    api = re.compile(r":\d+/session")
    alice.context.route(api, lambda route: route.abort())
    alice.says("Written while away")
    expect(alice.messages("User")).to_have_count(2)
    alice.page.reload()
    expect(alice.page.get_by_text("Waiting for the network")).to_be_visible()
    expect(alice.button("Stop")).to_be_hidden()
    alice.shows(["Hello", "Answer to: Hello", "Written while away"])
    alice.context.unroute(api)

    expect(alice.messages("Assistant")).to_have_count(2, timeout=60_000)
    alice.sent()
    assert conversation(site, alice) == answered("Hello", "Written while away")


def test_a_message_can_be_taken_back_before_it_is_sent(alice, site):
    alice.asks("Hello")
    alice.context.route("**/chat", lambda route: route.fulfill(status=413, json={"errors": []}))
    alice.says("Too long to send")
    alice.button("Discard").click()

    expect(alice.messages("User")).to_have_count(1)
    assert conversation(site, alice) == answered("Hello")


def test_changes_to_the_list_made_offline_reach_the_service(alice, site):
    alice.asks("Hello")
    alice.context.set_offline(True)
    alice.option("Rename")
    alice.page.get_by_role("textbox", name="Title").fill("A better name")
    alice.page.keyboard.press("Enter")
    expect(alice.page.locator("h1.title")).to_have_text("A better name")
    alice.context.set_offline(False)
    alice.asks("And?")

    session = site.get(f"/session/{alice.session_id}", alice.token()).json()
    assert session["title"] == "A better name"


def test_the_page_opens_without_a_network(somebody, site):
    alice = somebody(service_workers="allow")
    alice.asks("Hello")
    alice.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    alice.page.reload()
    expect(alice.messages("Assistant")).to_have_count(1)
    alice.context.set_offline(True)
    alice.page.reload()
    expect(alice.messages("Assistant")).to_have_count(1)
    alice.says("Written in the dark")
    expect(alice.page.get_by_text("Waiting for the network")).to_be_visible()
    alice.context.set_offline(False)

    expect(alice.messages("Assistant")).to_have_count(2)
    alice.sent()
    assert conversation(site, alice) == answered("Hello", "Written in the dark")
    alice.shows([content for _, content in answered("Hello", "Written in the dark")])


def test_a_search_offline_finds_what_is_here_and_harms_nothing(alice, site):
    alice.asks("Tell me about herons")
    alice.context.set_offline(True)
    # A chat without a message in the store, which has no range to be read.
    alice.button("New chat").click()
    alice.says("Not sent yet")
    alice.page.get_by_role("searchbox", name="Search").fill("herons")
    found = alice.page.locator(".session.found")
    expect(found.first).to_contain_text("herons")
    expect(alice.page.locator(".banner")).to_be_hidden()
    alice.page.get_by_role("searchbox", name="Search").fill("")
    alice.context.set_offline(False)
    expect(alice.messages("Assistant")).to_contain_text("Answer to: Not sent yet")
    alice.sent()
    alice.page.reload()

    listed = alice.page.get_by_role("navigation", name="Chats").locator("button.session")
    expect(listed).to_have_count(2)
    assert len(site.get("/session", alice.token()).json()["results"]) == 2
