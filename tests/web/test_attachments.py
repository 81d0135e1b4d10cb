"""Pictures and files in a chat: taken in, sent, shown, opened, edited, and gone."""

import io
import re
import wave

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import files
from tests.web.conftest import stored
from tests.web.interception import HeldRequests

RED, BLUE = files.picture(800, 600), files.picture(300, 500, "JPEG", "blue")
NOTES = "Grüße aus Lissabon\n".encode()
UPLOADS = r"/session/[^/]+/attachments"
# What of files is in this browser: bytes that wait, and lists of what drafts have.
_KEPT = """
async () => {
  const [{ name }] = await indexedDB.databases();
  const open = indexedDB.open(name);
  await new Promise((resolve) => (open.onsuccess = resolve));
  const keys = open.result.transaction("meta").objectStore("meta").getAllKeys();
  await new Promise((resolve) => (keys.onsuccess = resolve));
  open.result.close();
  return keys.result.filter((key) => /^(bytes|parts)\\//.test(key));
}
"""
# Give the page files as a browser does that has them dropped or pasted; whether it took the event.
_GIVE = """
([type, selector, files, text]) => {
  const transfer = new DataTransfer();
  for (const [name, mediaType, content] of files) {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: mediaType }));
  }
  for (const [form, value] of Object.entries(text)) transfer.setData(form, value);
  const init = { bubbles: true, cancelable: true };
  const event = type === "paste"
    ? new ClipboardEvent(type, { ...init, clipboardData: transfer })
    : new DragEvent(type, { ...init, dataTransfer: transfer });
  document.querySelector(selector).dispatchEvent(event);
  return event.defaultPrevented;
}
"""


def file(name, content, media_type="application/octet-stream"):
    return {"name": name, "mimeType": media_type, "buffer": content}


CAT = file("cat.png", RED, "image/png")
SEA = file("sea.jpg", BLUE, "image/jpeg")
LETTER = file("letter.txt", NOTES, "text/plain")


def picks(person, *chosen):
    """Chooses files by the button."""
    with person.page.expect_file_chooser() as opened:
        person.button("Attach files").click()
    opened.value.set_files(list(chosen))


def gives(person, event, *given, selector=".log", **text):
    given = [(one["name"], one["mimeType"], files.base64.b64encode(one["buffer"]).decode())
             for one in given]  # fmt: skip
    return person.page.evaluate(_GIVE, [event, selector, given, text])


def chips(person):
    return person.page.get_by_role("list", name="Attached files").get_by_role("listitem")


def pictures(person):
    return person.conversation.get_by_role("img")


def refusals(person):
    return person.page.locator(".refusals p")


def kept(person):
    return person.page.evaluate(_KEPT)


def parts_of(site, person):
    """The attached parts of each message of the user."""
    said = stored(site, person.token(), person.session_id)
    return [
        (one["content"] if one["parts"][0]["type"] == "text" else "", [
            part["name"] for part in one["parts"] if part["type"] != "text"
        ])
        for one in said
        if one["role"] == "user" and "parts" in one
    ]  # fmt: skip


def are_drawn(person, count):
    expect(pictures(person)).to_have_count(count)
    drawn = "(images) => images.every((image) => image.naturalWidth > 0)"
    person.eventually(lambda: pictures(person).evaluate_all(drawn))


def test_files_are_picked_sent_shown_opened_and_saved(alice, site, model):
    picks(alice, CAT, SEA, LETTER)
    expect(chips(alice)).to_have_count(3)
    expect(chips(alice).last).to_contain_text("letter.txt")
    expect(chips(alice).last).to_contain_text("text, 21 bytes")
    alice.button("Describe cat.png").click()
    alice.page.get_by_role("textbox", name="What it shows").fill("a cat on a chair")
    alice.button("Save").click()
    expect(alice.button("Describe cat.png")).to_be_focused()
    alice.asks("What is this?", "[image_url] [image_url]")

    assert parts_of(site, alice) == [("What is this?", ["cat.png", "sea.jpg", "letter.txt"])]
    expect(chips(alice)).to_have_count(0)
    are_drawn(alice, 2)
    assert kept(alice) == []
    alice.page.reload()
    are_drawn(alice, 2)
    expect(pictures(alice).first).to_have_attribute("alt", "a cat on a chair")

    alice.conversation.get_by_role("button", name="a cat on a chair").focus()
    alice.page.keyboard.press("Enter")
    viewer = alice.page.get_by_role("dialog", name="cat.png")
    expect(viewer.get_by_role("img", name="a cat on a chair")).to_be_visible()
    expect(viewer).to_contain_text("1 of 2")
    alice.page.keyboard.press("ArrowRight")
    expect(alice.page.get_by_role("dialog", name="sea.jpg")).to_contain_text("2 of 2")
    alice.page.keyboard.press("ArrowRight")
    alice.page.keyboard.press("ArrowLeft")
    whole = "(image) => image.complete && image.naturalWidth"
    alice.eventually(lambda: viewer.locator("img").evaluate(whole) == 800)
    with alice.page.expect_download() as saved:
        viewer.get_by_role("button", name="Download").click()
    assert saved.value.path().read_bytes() == RED
    alice.page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(alice.conversation.get_by_role("button", name="a cat on a chair")).to_be_focused()

    with alice.page.expect_download() as saved:
        alice.button("Download letter.txt, text, 21 bytes").click()
    assert saved.value.suggested_filename == "letter.txt"
    assert saved.value.path().read_bytes() == NOTES


def test_what_is_dropped_or_pasted_is_attached_and_the_page_stays(somebody, site):
    alice = somebody(opened=False)
    alice.page.goto(site.url)
    expect(alice.button("Sign in")).to_be_visible()
    assert gives(alice, "drop", CAT, selector="body")
    alice.registers()
    expect(alice.writing).to_be_visible()
    address = alice.page.url

    assert gives(alice, "dragover", CAT, selector="main")
    assert gives(alice, "drop", CAT, LETTER, selector="main")
    expect(chips(alice)).to_have_count(2)
    assert gives(alice, "paste", SEA, selector="textarea")
    expect(chips(alice)).to_have_count(3)
    # A spreadsheet's cells come as text and as a picture of it.
    both = {"text/plain": "1\t2", "text/html": "<table></table>"}
    assert not gives(alice, "paste", SEA, selector="textarea", **both)
    assert not gives(alice, "drop", selector="textarea", **{"text/plain": "words"})
    assert gives(alice, "drop", selector="main", **{"text/uri-list": "https://example.org"})
    alice.page.keyboard.press("Escape")
    alice.button("Account and settings").or_(alice.page.locator(".account-button")).first.click()
    expect(alice.page.get_by_role("dialog")).to_be_visible()
    assert gives(alice, "drop", CAT, selector="dialog")
    alice.page.keyboard.press("Escape")
    expect(chips(alice)).to_have_count(3)
    assert alice.page.url == address

    alice.button("Remove cat.png").focus()
    alice.page.keyboard.press("Enter")
    expect(alice.button("Remove letter.txt")).to_be_focused()
    alice.page.keyboard.press("Enter")
    expect(alice.button("Remove sea.jpg")).to_be_focused()
    alice.page.keyboard.press("Enter")
    expect(chips(alice)).to_have_count(0)
    expect(alice.writing).to_be_focused()
    alice.eventually(lambda: kept(alice) == [])
    # What was pasted a moment before belongs to the message.
    gives(alice, "paste", SEA, selector="textarea")
    alice.writing.press("Enter")
    expect(alice.messages("Assistant")).to_be_visible()
    alice.sent()
    assert parts_of(site, alice) == [("", ["sea.jpg"])]


def test_each_refused_file_has_its_sentence_and_nothing_is_sent_of_it(alice, tmp_path, site):
    sent = []
    alice.page.on("request", lambda request: sent.append(request.url))
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * 20_971_521)
    with alice.page.expect_file_chooser() as opened:
        alice.button("Attach files").click()
    opened.value.set_files(large)
    expect(refusals(alice)).to_have_text(
        ["large.txt It is too large. It has 21 MB; the limit is 21 MB."]
    )
    picks(alice, file("tool.exe", b"MZ\0\1"), file("nothing.txt", b""),
          file("broken.png", RED[:60]), file("a\u202egpj.txt", NOTES), LETTER)  # fmt: skip
    expect(refusals(alice)).to_have_count(4)
    for number, words in enumerate(("of this type cannot be attached. These can: PNG", "is empty",
                                    "picture cannot be read", "that are not allowed")):  # fmt: skip
        expect(refusals(alice).nth(number)).to_contain_text(words)
    expect(chips(alice)).to_have_count(1)
    picks(alice, *(file(f"{number}.txt", NOTES) for number in range(21)))
    expect(chips(alice)).to_have_count(20)
    expect(refusals(alice)).to_have_count(2)
    expect(refusals(alice).first).to_contain_text("at most 20 files")
    assert not [url for url in sent if re.search(UPLOADS, url)]
    alice.button("Dismiss").click()
    expect(refusals(alice)).to_have_count(0)
    for _ in range(20):
        alice.page.get_by_role("button", name="Remove").first.click()
    alice.asks("Hello")

    # What only the service knows, before the message is sent and after.
    full = {"errors": [{"code": "quota_attachments", "detail": "No room.", "attr": None}]}
    alice.page.route(re.compile(UPLOADS), lambda route: route.fulfill(status=429, json=full))
    picks(alice, LETTER)
    expect(refusals(alice)).to_contain_text("has reached its limit for files")
    expect(chips(alice)).to_have_count(0)
    alice.page.unroute(re.compile(UPLOADS))
    alice.button("New chat").first.click()
    picks(alice, file("lies.png", files.pdf()), CAT)
    alice.says("Two files")
    trouble = alice.conversation.get_by_role("alert")
    expect(trouble).to_contain_text("lies.png: Its content does not match its file type.")
    trouble.get_by_role("button", name="Edit").click()
    alice.conversation.get_by_role("button", name="Remove lies.png").click()
    alice.button("Save and ask").click()
    expect(alice.messages("Assistant")).to_contain_text("Two files [image_url]")
    alice.sent()
    assert parts_of(site, alice) == [("Two files", ["cat.png"])]


def test_messages_written_offline_wait_with_their_files_and_are_sent_in_order(somebody, site):
    alice = somebody(service_workers="allow")
    alice.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    alice.page.reload()
    expect(alice.writing).to_be_visible()
    alice.context.set_offline(True)
    picks(alice, CAT, LETTER)
    expect(chips(alice)).to_have_count(2)
    alice.says("First")
    alice.says("Second")
    picks(alice, SEA)
    expect(chips(alice)).to_have_count(1)
    alice.says("Third")
    picks(alice, LETTER)
    expect(chips(alice)).to_have_count(1)
    alice.page.reload()

    expect(alice.page.get_by_text("Waiting for the network")).to_have_count(3)
    are_drawn(alice, 2)
    expect(chips(alice)).to_have_count(1)
    pictures(alice).last.click()
    expect(alice.page.get_by_role("dialog", name="sea.jpg")).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.context.set_offline(False)
    expect(alice.messages("Assistant")).to_have_count(3, timeout=60_000)
    alice.sent()
    said = stored(site, alice.token(), alice.session_id)
    assert [one["content"] for one in said if one["role"] == "user"] == ["First", "Second", "Third"]
    assert parts_of(site, alice) == [
        ("First", ["cat.png", "letter.txt"]), ("Third", ["sea.jpg"]),
    ]  # fmt: skip
    # The draft waits under the chat's new id.
    assert sorted(key.split("/")[0] for key in kept(alice)) == ["bytes", "parts"]
    expect(chips(alice)).to_have_count(1)


def test_discarding_a_message_or_deleting_its_chat_clears_what_waits(alice, site):
    picks(alice, CAT)
    alice.asks("Hello", "[image_url]")
    alice.context.route(re.compile(r":\d+/session"), lambda route: route.abort())
    picks(alice, LETTER)
    alice.says("Never sent")
    expect(alice.page.get_by_text("Waiting for the network")).to_be_visible()
    assert len(kept(alice)) == 1
    alice.messages("User").last.hover()
    alice.messages("User").last.get_by_role("button", name="Delete").click()
    expect(alice.messages("User")).to_have_count(1)
    alice.eventually(lambda: kept(alice) == [])

    picks(alice, LETTER)
    alice.says("Nor this")
    picks(alice, SEA)
    expect(chips(alice)).to_have_count(1)
    assert len(kept(alice)) == 3
    alice.option("Delete")
    alice.context.unroute(re.compile(r":\d+/session"))
    alice.page.evaluate("dispatchEvent(new Event('online'))")
    alice.eventually(lambda: kept(alice) == [])
    assert site.get("/session", alice.token()).json()["results"] == []


def test_an_upload_shows_its_progress_and_can_be_given_up_and_repeated(alice, site):
    alice.asks("Hello")
    held = HeldRequests(alice.page, UPLOADS)
    picks(alice, CAT)
    expect(alice.page.get_by_role("progressbar", name="Sending cat.png")).to_be_visible()
    alice.button("Remove cat.png").click()
    expect(chips(alice)).to_have_count(0)
    picks(alice, LETTER)
    alice.says("One file")
    expect(alice.conversation.get_by_role("progressbar", name="Sending letter.txt")).to_be_visible()
    # The connection breaks; what was cut off is sent again.
    alice.eventually(lambda: len(held.waiting) == 2)
    held.waiting.pop(0)
    held.waiting.pop()[0].abort()
    held.free = True
    expect(alice.messages("Assistant")).to_have_count(2, timeout=60_000)
    alice.sent()
    assert parts_of(site, alice) == [("One file", ["letter.txt"])]


def test_an_edit_keeps_or_drops_what_is_attached(alice, site):
    picks(alice, CAT, LETTER)
    alice.asks("Two of them", "[image_url]")
    alice.messages("User").first.get_by_role("button", name="Edit").click()
    alice.conversation.get_by_role("button", name="Remove letter.txt").click()
    expect(alice.conversation.get_by_role("button", name="Remove cat.png")).to_be_focused()
    alice.page.get_by_role("textbox", name="Edit").fill("One of them")
    alice.button("Save and ask").click()
    expect(alice.messages("Assistant")).to_contain_text("One of them [image_url]")
    alice.rests()

    assert parts_of(site, alice) == [
        ("Two of them", ["cat.png", "letter.txt"]), ("One of them", ["cat.png"]),
    ]  # fmt: skip
    are_drawn(alice, 1)
    # The text that is copied or exported says what was there.
    export = httpx.get(
        f"{site.url}/session/{alice.session_id}/export?format=markdown",
        headers={"Authorization": f"Bearer {alice.token()}"},
        timeout=20,
    )
    assert "cat.png" in export.text


def test_what_is_gone_or_out_of_reach_says_so_and_nothing_jumps(alice, site):
    hostile = file("<img src=x onerror=hacked=1>.txt", b"<script>hacked = 2</script>")
    picks(alice, CAT, hostile)
    alice.asks("Look", "[image_url]")
    held = HeldRequests(alice.page, r"/attachments/[^/]+/thumbnail")
    alice.page.reload()
    room = alice.conversation.locator(".attached li").first
    expect(room).to_be_visible()
    alice.eventually(lambda: held.waiting)
    before = room.bounding_box()
    held.let_go()
    are_drawn(alice, 1)
    assert room.bounding_box() == before

    missing = {"errors": [{"code": "not_found", "detail": "Not found.", "attr": None}]}
    gone = re.compile(r"/attachments/att_")
    alice.page.route(gone, lambda route: route.abort())
    alice.page.reload()
    expect(pictures(alice)).to_have_attribute("alt", re.compile("cat.png. It is shown when you"))
    alice.page.unroute(gone)
    alice.page.evaluate("dispatchEvent(new Event('online'))")
    are_drawn(alice, 1)
    alice.page.route(gone, lambda route: route.fulfill(status=404, json=missing))
    alice.page.reload()
    expect(alice.messages("User")).to_contain_text("This picture is no longer there.")
    alice.conversation.get_by_role("button", name="Download <img").click()
    expect(alice.messages("User")).to_contain_text("This file is no longer there.")
    assert alice.page.evaluate("window.hacked") is None


def test_a_sound_is_played_in_the_page(alice, site):
    quiet = io.BytesIO()
    with wave.open(quiet, "wb") as sound:
        sound.setparams((1, 2, 8_000, 0, "NONE", ""))
        sound.writeframes(bytes(16_000))
    alice.asks("Hello")
    picks(alice, file("note.wav", quiet.getvalue(), "audio/wav"))
    alice.asks("Listen", "Answer to: Listen")
    alice.page.reload()
    alice.button("Play note.wav").click()
    player = alice.conversation.locator("audio[controls]")
    expect(player).to_have_attribute("aria-label", "note.wav")
    alice.eventually(lambda: player.evaluate("(sound) => sound.currentTime > 0"))

    assert alice.button("Download note.wav, WAV, 16 kB").count() == 1


def test_what_the_model_is_sent_without_its_files_says_so(alice, site):
    alice.asks("Hello")
    picks(alice, CAT)
    alice.asks("What is this?", "Answer to: What is this?")
    note = alice.conversation.get_by_text("The model is only told that these exist")
    expect(note).to_have_count(0)
    plan = site.get(f"/session/{alice.session_id}/context", alice.token()).json()
    change = {"sent_as": "placeholder", "sent_as_reason": "newer pictures take the room"}
    for entry in plan["plan"]:
        entry.update(change if entry["seq"] == 3 else {})
    alice.page.route("**/context", lambda route: route.fulfill(json=plan))
    alice.page.reload()

    expect(note).to_have_count(1)
    alice.page.get_by_role("button", name="Context").click()
    panel = alice.page.get_by_role("complementary", name="What the model sees")
    expect(panel).to_contain_text("Sent without its pictures and files: newer pictures take")


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing_in_chips_refusals_pictures_and_the_viewer(somebody, scheme, width):
    alice = somebody(
        bypass_csp=True,
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 860},
    )

    def findings():
        found = Axe().run(alice.page, options={"resultTypes": ["violations"]})
        return [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]]

    picks(alice, CAT, LETTER, file("nothing.txt", b""))
    expect(chips(alice)).to_have_count(2)
    assert findings() == []
    alice.asks("Look", "[image_url]")
    are_drawn(alice, 1)
    assert findings() == []
    assert alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    pictures(alice).first.click()
    expect(alice.page.get_by_role("dialog", name="cat.png")).to_be_visible()
    assert findings() == []
    alice.page.keyboard.press("Escape")
    alice.messages("User").first.get_by_role("button", name="Edit").click()
    expect(alice.conversation.get_by_role("button", name="Remove cat.png")).to_be_visible()
    assert findings() == []
