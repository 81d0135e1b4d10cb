"""GitHub's Markdown, construct by construct, formulas, and one's own messages."""

import httpx
import pytest
from playwright.sync_api import expect

WIDE = "| " + " | ".join(f"column number {n}" for n in range(12)) + " |"
# What a reply says → an expression of its body that must be true.
CONSTRUCTS = {
    "# One\n\n###### Six": "q('h1').textContent === 'One' && q('h6').textContent === 'Six'",
    "Heading\n===": "q('h1').textContent === 'Heading'",
    "*a* **b** ***c*** ~~d~~": "all('em').length === 2 && all('strong').length === 2 && q('del')",
    "5. five\n6. six": "q('ol').start === 5 && all('ol > li').length === 2",
    "1. a\n\n   b\n\n2. c": "all('ol').length === 1 && all('ol > li').length === 2",
    "- a\n  - b\n    - c": "q('ul ul ul li').textContent.trim() === 'c'",
    "- [x] done\n- [ ] to do": (
        "all('input[type=checkbox]').length === 2 && q('input').checked && q('input').disabled"
        " && !all('input')[1].checked && q('input').ariaLabel === 'done'"
    ),
    "1. [ ] a\n\n2. [x] b": "all('input[type=checkbox]').length === 2 && all('input')[1].checked",
    "| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |": (
        "all('td').map((cell) => getComputedStyle(cell).textAlign).join() === 'start,center,end'"
    ),
    "> a\n>\n> > b": "q('blockquote blockquote').textContent.trim() === 'b'",
    "`code` and ``a ` b``": "all('code')[1].textContent === 'a ` b'",
    "```\nplain\n```": "q('pre code').textContent === 'plain\\n'",
    "~~~python\nx = 1\n~~~": "q('.code-bar').textContent.includes('python')",
    "    indented": "q('pre code').textContent.trim() === 'indented'",
    "a\n\n---\n\nb": "q('hr')",
    "one\ntwo": "q('br')",
    "<https://a.example> and https://b.example and c@d.example": (
        "all('a').map((link) => link.protocol).join() === 'https:,https:,mailto:'"
    ),
    "[a](https://a.example 'title')": (
        "q('a').title === 'title' && q('a').rel.includes('noopener') && q('a').target === '_blank'"
    ),
    "[a][1]\n\n[1]: https://a.example": "q('a').href === 'https://a.example/'",
    "[bad](javascript:alert(1))": "!q('a') && body.textContent.includes('bad')",
    "![A heron](https://a.example/h.png)": (
        "q('a').href === 'https://a.example/h.png' && q('a').textContent === 'Picture: A heron'"
    ),
    "![](https://a.example/h.png)": "q('a').textContent === 'Picture: https://a.example/h.png'",
    "[![A heron](https://a.example/h.png)](https://b.example)": (
        "all('a').length === 1 && q('a').href === 'https://b.example/'"
        " && q('a').textContent === 'Picture: A heron'"
    ),
    "![A heron](data:image/png;base64,AAAA)": (
        "!q('a, img') && body.textContent.includes('A heron')"
    ),
    "H<sub>2</sub>O <kbd>Ctrl</kbd>\n\n| a<br>b |\n|--|\n| c |": (
        "q('sub').textContent === '2' && q('kbd').textContent === 'Ctrl' && q('th br')"
    ),
    "<sub onclick=x>a</sub> <details>b</details>": (
        "!q('sub, details') && body.textContent.includes('<sub onclick=x>')"
    ),
    "> [!WARNING]\n> Mind the **gap**.": (
        "q('blockquote.alert strong').textContent === 'Warning'"
        " && !body.textContent.includes('[!') && all('strong')[1].textContent === 'gap'"
    ),
    "> [!NOTE]\n>\n> Read on.": (
        "q('blockquote.alert strong').textContent === 'Note' && all('blockquote p').length === 2"
    ),
    "> [!OTHER]\n> a": "!q('.alert') && body.textContent.includes('[!OTHER]')",
    "As said.[^1] Not [^x].\n\n[^1]: By [her](https://a.example).": (
        "all('sup').map((mark) => mark.textContent).join() === '1,1' && q('p:last-child a')"
        " && body.textContent.includes('Not [^x].')"
    ),
    "See.[^a]\n\n[^a]: https://a.example": (
        "q('sup').textContent === 'a' && q('a').href === 'https://a.example/'"
    ),
    "Left\n\n\u05e9\u05dc\u05d5\u05dd\n\n- \u05d0\u05d7\u05d3\n\n```\nx = 1\n```": (
        "all('p, ul, pre').map((block) => getComputedStyle(block).direction).join()"
        " === 'ltr,rtl,rtl,ltr'"
    ),
    r"\*no emphasis\* &copy; &lt;b&gt;": (
        "!q('em, b') && body.textContent.trim() === '*no emphasis* \u00a9 <b>'"
    ),
    "<b>bold</b> <input value=x>": "!q('b, input') && body.textContent.includes('<b>bold</b>')",
    r"Say \(a^2\) here": "q('.formula .katex-mathml annotation').textContent === 'a^2'",
    "Say $a_1$ and $b$, not $5 or $6.": (
        "all('.formula').length === 2 && body.textContent.includes('not $5 or $6.')"
    ),
    "$$\n\\sum_{i=1}^n i\n\n= x\n$$": "q('.formula.display .katex-display')",
    "\\[\nx = y\n\\]\n\nand text": (
        "q('.formula.display') && all('p').at(-1).textContent === 'and text'"
    ),
    "```math\nx^2\n```": "q('.formula.display .katex')",
    "$\\href{https://a.example}{x}$ $\\undefined$": "!q('a') && all('.katex').length === 2",
    r"a \$5 b `\(c\)`": "!q('.formula') && q('code').textContent === '\\\\(c\\\\)'",
    "a*b*c \\(x*y*z\\)": "q('.formula annotation').textContent === 'x*y*z'",
}
_BODIES = """
() => [...document.querySelectorAll("article.assistant .body")].map((body) => body.innerHTML)
"""


@pytest.fixture(scope="module")
def constructs():
    return list(CONSTRUCTS.items())


def test_each_construct_is_drawn(alice, site, constructs):
    token = alice.token()
    for start in range(0, len(constructs), 6):
        part = constructs[start : start + 6]
        headers = {"Authorization": f"Bearer {token}"}
        history = [{"role": "assistant", "content": source} for source, _ in part]
        created = httpx.post(
            f"{site.url}/session/create", headers=headers, json={"messages": history}, timeout=20
        ).json()
        alice.page.goto(f"{site.url}/?session={created['session_id']}")
        expect(alice.messages("Assistant")).to_have_count(len(part))
        for position, (source, holds) in enumerate(part):
            body = alice.messages("Assistant").nth(position).locator(".body")
            script = f"""(body) => {{
                const all = (what) => [...body.querySelectorAll(what)];
                const q = (what) => body.querySelector(what);
                return Boolean({holds});
            }}"""
            alice.eventually(lambda: body.evaluate(script)) if "formula" in holds else None  # noqa: B023
            assert body.evaluate(script), (source, body.inner_html())


def test_a_formula_is_set_while_the_reply_grows(alice, model):
    model.answers["wait for a formula"] = r"The \(a^2\) rule holds for all triangles."
    alice.says("wait for a formula")
    reply = alice.messages("Assistant")
    expect(reply.locator(".formula .katex-html")).to_have_count(1)
    model.gate.set()

    expect(reply).to_contain_text("triangles")
    expect(reply.locator(".formula .katex-html")).to_have_count(1)


def test_a_wide_table_is_reached_on_a_phone(somebody, model):
    model.answers["Table"] = "\n".join([WIDE, "|" + "---|" * 12, WIDE])
    alice = somebody(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    alice.asks("Table", "column number 11")
    table = alice.page.get_by_role("region", name="Table")

    size = table.evaluate(
        "(region) => [region.scrollWidth > region.clientWidth, region.clientWidth <= 390]"
    )
    assert size == [True, True]
    table.evaluate("(region) => { region.scrollLeft = 10_000 }")
    expect(table.locator("th").last).to_be_in_viewport()
    assert alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_ones_own_messages_are_drawn_as_well(alice):
    alice.asks("Look:\n\n```python\nx = 1\n```\n\n- **one**", "Answer to")
    own = alice.messages("User")

    expect(own.locator("pre code")).to_have_text("x = 1\n")
    expect(own.locator("li strong")).to_have_text("one")


def test_messages_show_when_they_were_written_and_by_which_model(alice):
    alice.asks("Hello")

    expect(alice.messages("Assistant").locator(".model")).to_have_text("test-model")
    expect(alice.messages("Assistant").locator("time")).to_be_visible()
    expect(alice.messages("User").locator("time")).to_be_visible()
