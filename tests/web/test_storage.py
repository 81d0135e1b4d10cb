"""When the browser stores nothing more, or nothing at all, the page goes on in memory."""

from playwright.sync_api import expect

from tests.web.conftest import stored

# Every write to IndexedDB fails as it does on a full disk, once the test says so.
FULL = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (...given) {
  if (window.diskIsFull) throw new DOMException("full", "QuotaExceededError");
  return put.apply(this, given);
};
"""
NONE = "Object.defineProperty(window, 'indexedDB', { get() { throw new Error('forbidden') } });"
NO_STORAGE = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden') } });"
)


def test_a_full_disk_is_said_and_the_chat_goes_on(somebody, site):
    alice = somebody(opened=False)
    alice.page.add_init_script(FULL)
    alice.arrives()
    alice.asks("Before")
    alice.page.evaluate("window.diskIsFull = true")
    alice.asks("While full")
    alice.asks("And again")

    expect(alice.page.get_by_text("storage is full")).to_be_visible()
    expected = [
        text for ask in ("Before", "While full", "And again") for text in (ask, f"Answer to: {ask}")
    ]
    alice.shows(expected)
    assert [one["content"] for one in stored(site, alice.token(), alice.session_id)] == expected
    alice.writing.fill("a draft in memory")
    alice.button("New chat").click()
    alice.page.go_back()
    expect(alice.writing).to_have_value("a draft in memory")


def test_a_really_full_quota_is_met_the_same_way(somebody, site, model):
    alice = somebody()
    alice.asks("Before")
    client = alice.context.new_cdp_session(alice.page)
    client.send("Storage.overrideQuotaForOrigin", {"origin": alice.service.url, "quotaSize": 1})
    model.answers["word " * 3_000] = "Too many words"
    alice.says("word " * 3_000)
    expect(alice.messages("Assistant").last).to_contain_text("Too many words")
    alice.rests()
    alice.asks("After")

    assert len(stored(site, alice.token(), alice.session_id)) == 6
    alice.page.reload()
    expect(alice.messages("Assistant").last).to_contain_text("Answer to: After")


def test_without_indexeddb_it_works_and_says_so(somebody, site):
    alice = somebody(opened=False)
    alice.page.add_init_script(NONE)
    alice.arrives()
    alice.asks("In private")

    expect(alice.page.get_by_text("keeps no data")).to_be_visible()
    assert len(stored(site, alice.token(), alice.session_id)) == 2
    alice.page.reload()
    expect(alice.messages("Assistant")).to_contain_text("Answer to: In private")


def test_without_any_storage_it_works_until_it_is_closed(somebody, site):
    alice = somebody(opened=False)
    alice.page.add_init_script(NONE + NO_STORAGE)
    alice.arrives()
    alice.asks("In the dark")

    assert len(stored(site, alice.token(), alice.session_id)) == 2
    alice.page.reload()
    expect(alice.page.get_by_role("textbox", name="Username")).to_be_visible()
