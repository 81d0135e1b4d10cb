"""Script in every field: it is shown as text and never runs."""

import httpx
from playwright.sync_api import expect

SCRIPTS = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 2'>",
    "<svg onload='window.hacked = 3'></svg>",
    "<a href=\"javascript:window.hacked=4\">click</a>",
    "[click](javascript:window.hacked=5)",
    "<iframe srcdoc=\"<script>parent.hacked = 6</script>\"></iframe>",
    "<details open ontoggle='window.hacked = 7'>x</details>",
    "```html\n<script>window.hacked = 8</script>\n```",
    "<math><mglyph><style><img src=x onerror='window.hacked = 9'></style></mglyph></math>",
    "<form action='javascript:window.hacked=10'><button>x</button></form>",
    "![x](x\" onerror=\"window.hacked=11)",
    "<style>body { display: none }</style>",
]  # fmt: skip
EVERYTHING = "\n\n".join(SCRIPTS)


def is_unharmed(person):
    person.page.wait_for_timeout(300)
    for link in person.conversation.locator("a").all():
        assert link.get_attribute("href").startswith(("http", "mailto"))
    assert person.page.evaluate("window.hacked") is None
    assert person.page.evaluate("document.querySelectorAll('.log img, .log iframe').length") == 0
    assert person.page.evaluate("document.querySelectorAll('.log script, .log style').length") == 0
    expect(person.writing).to_be_visible()


def test_markup_in_messages_and_replies_does_nothing(alice, model):
    model.answers[EVERYTHING] = EVERYTHING
    alice.says(EVERYTHING)
    expect(alice.messages("Assistant")).to_be_visible()
    alice.rests()

    is_unharmed(alice)
    expect(alice.messages("User")).to_contain_text("<script>window.hacked = 1</script>")
    expect(alice.messages("Assistant").locator("pre")).to_contain_text("<script>")


def test_markup_in_a_reply_that_grows_does_nothing(alice, model):
    model.answers["wait: hostile"] = "a b <img src=x onerror='window.hacked=1'> <script >window"
    alice.says("wait: hostile")
    expect(alice.messages("Assistant")).to_contain_text("a b")
    is_unharmed(alice)
    model.gate.set()
    alice.rests()

    is_unharmed(alice)


def test_markup_in_titles_names_tools_labels_and_snippets_does_nothing(alice, site):
    token = alice.token()
    with httpx.Client(
        base_url=site.url, headers={"Authorization": f"Bearer {token}"}, timeout=20
    ) as client:
        for script in SCRIPTS:
            call = {
                "id": "c1",
                "type": "function",
                "function": {"name": script, "arguments": script},
            }
            messages = [
                {"role": "system", "content": script},
                {"role": "user", "content": f"find me {script}", "metadata": {"k": script}},
                {"role": "assistant", "content": script, "tool_calls": [call]},
                {"role": "tool", "content": script, "tool_call_id": "c1", "name": "tool"},
            ]
            created = client.post(
                "/session/create", json={"title": script[:200], "messages": messages}
            )
            assert created.status_code == 201, created.text
    alice.page.reload()
    listed = alice.page.get_by_role("navigation", name="Chats").locator("button.session")
    expect(listed).to_have_count(len(SCRIPTS))
    for number in range(len(SCRIPTS)):
        listed.nth(number).click()
        expect(alice.messages("Tool")).to_have_count(1)
        is_unharmed(alice)
    alice.page.get_by_role("button", name="Context").click()
    is_unharmed(alice)
    alice.page.get_by_role("searchbox", name="Search").fill("find me")
    expect(alice.page.locator(".snippet").first).to_be_visible()
    is_unharmed(alice)


def test_a_terminals_control_characters_are_signs(alice, site):
    headers = {"Authorization": f"Bearer {alice.token()}"}
    call = {"id": "c1", "type": "function", "function": {"name": "run", "arguments": "{}"}}
    output = "\x1b[2Jred\x00\x07\x85\x7f done"
    messages = [
        {"role": "user", "content": "Run it."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": output, "tool_call_id": "c1"},
    ]
    body = {"title": "A terminal", "messages": messages}
    created = httpx.post(f"{site.url}/session/create", json=body, headers=headers, timeout=30)
    assert created.status_code == 201, created.text
    alice.page.reload()
    alice.button("A terminal").click()
    expect(alice.messages("Tool")).to_have_count(1)
    alice.messages("Tool").locator("summary").click()
    shown = "\u241b[2Jred\u2400\u2407\ufffd\u2421 done"
    expect(alice.messages("Tool").locator("pre")).to_have_text(shown)


def test_markup_in_the_address_the_sign_in_and_an_imported_file_does_nothing(somebody, tmp_path):
    alice = somebody(opened=False)
    alice.page.goto(f"{alice.service.url}/?session=%3Cscript%3Ewindow.hacked=1%3C/script%3E")
    alice.button("Create an account").click()
    alice.page.get_by_role("textbox", name="Username").fill(SCRIPTS[1])
    alice.page.get_by_role("textbox", name="Password").fill(SCRIPTS[1])
    alice.button("Create account").click()
    expect(
        alice.page.locator(".field-problem, .form-problem").filter(has_text="a")
    ).not_to_have_count(0)
    assert alice.page.evaluate("window.hacked") is None
    alice.fill_in()
    alice.button("Create account").click()
    expect(alice.writing).to_be_visible()
    for name, text in {"bad.json": EVERYTHING, "good.json": _export()}.items():
        (tmp_path / name).write_text(text)
        alice.page.get_by_label("File to import").set_input_files(tmp_path / name)
        alice.page.wait_for_timeout(300)
    expect(alice.messages("User")).to_have_count(len(SCRIPTS))

    is_unharmed(alice)


def _export():
    import json

    return json.dumps(
        {"title": SCRIPTS[0], "messages": [{"role": "user", "content": one} for one in SCRIPTS]}
    )


def test_the_policy_lets_nothing_in(alice):
    policy = alice.page.request.get(alice.service.url).headers["content-security-policy"]

    for directive in (
        "default-src 'none'", "script-src 'self'", "style-src 'self'",
        "require-trusted-types-for 'script'",
    ):  # fmt: skip
        assert directive in policy
    assert "unsafe" not in policy
    refused = (
        "() => { try { document.body.innerHTML = '<b>'; return false } catch { return true } }"
    )
    assert alice.page.evaluate(refused)
    assert "TrustedHTML" in alice.errors.pop()
