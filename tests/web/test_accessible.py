"""For everyone: nothing that axe finds, whatever the theme and the width."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

RICH = """# A head

Text with `code` and a [link](https://example.org).

```python
x = 1  # one
```

- [x] done

> quoted

| a | b |
|---|---|
| 1 | 2 |
"""


def findings(page):
    # axe is put into the page as text, which the page's own policy would refuse.
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (one["id"], one["impact"], [node["html"][:160] for node in one["nodes"]][:3])
        for one in found
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(somebody, model, scheme, width):
    model.answers["Show me"] = RICH
    alice = somebody(
        opened=False,
        bypass_csp=True,
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 860},
    )
    alice.page.goto(alice.service.url)
    expect(alice.button("Sign in")).to_be_visible()
    assert findings(alice.page) == []
    alice.arrives()
    assert findings(alice.page) == []
    alice.asks("Show me", "A head")
    assert findings(alice.page) == []
    alice.page.get_by_role("button", name="Context").click()
    assert findings(alice.page) == []
    alice.page.get_by_role("complementary").get_by_role("button", name="Close").click()
    alice.conversation.focus()
    alice.page.keyboard.press("?")
    assert findings(alice.page) == []
    alice.page.keyboard.press("Escape")
    alice.button("Options").click()
    assert findings(alice.page) == []


def test_everything_is_reached_with_the_keyboard(alice):
    alice.asks("Hello")
    reached = set()
    alice.page.get_by_role("button", name="New chat").focus()
    for _ in range(40):
        alice.page.keyboard.press("Tab")
        reached.add(
            alice.page.evaluate(
                """() => document.activeElement.getAttribute("aria-label")
                    ?? document.activeElement.textContent.trim().slice(0, 40)"""
            )
        )

    assert {
        "Search", "Recent", "Archived", "Sign out", "Options", "Conversation", "Message",
        "Regenerate", "Copy",
    } <= reached  # fmt: skip


def test_on_a_phone_the_list_comes_over_the_page(somebody):
    alice = somebody(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    alice.asks("Hello")
    expect(alice.button("Sign out")).to_be_hidden()
    alice.button("Show or hide the list").click()
    expect(alice.button("Sign out")).to_be_visible()
    alice.page.keyboard.press("Escape")

    expect(alice.button("Sign out")).to_be_hidden()
    alice.button("New chat").click()
    expect(alice.page.get_by_text("What is on your mind")).to_be_visible()
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert alice.page.evaluate(wide)


LONG = "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrentenauszahlungsstelle" * 3


@pytest.mark.parametrize(
    "screen",
    [
        {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},  # 200 % of 1280
        {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True},
    ],
)
def test_at_200_percent_and_with_long_words_everything_is_reached(somebody, model, screen):
    model.answers["Long"] = f"{LONG}\n\n# {LONG}\n\n`{LONG}`\n\n- {LONG}\n\n$$ {'x + ' * 200} x $$"
    alice = somebody(**screen)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    alice.asks("Long", LONG)
    assert alice.page.evaluate(fits)
    alice.button("Options").click()
    last = alice.page.get_by_role("menuitem", name="Delete")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)
    alice.page.get_by_role("menuitem", name="Rename").click()
    alice.page.get_by_role("textbox", name="Title").fill(LONG[:200])
    alice.page.keyboard.press("Enter")
    expect(alice.page.locator("h1.title")).to_have_text(LONG[:200])
    assert alice.page.evaluate(fits)
    alice.page.get_by_role("button", name="Context").click()
    panel = alice.page.get_by_role("complementary", name="What the model sees")
    expect(panel.get_by_role("heading", name="Sent")).to_be_visible()
    assert alice.page.evaluate(fits)
