"""The pictures of the page in docs/images: `python -m tests.web.screenshots`."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from chatproject.static_files import page_libraries
from tests.chatproject.conftest import Service
from tests.web.conftest import settings
from tests.web.model import Model
from tests.web.people import Person, launched

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MAX_BYTES = 200_000
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
TALL = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 780},
    "device_scale_factor": 1.5,
    "is_mobile": True,
    "has_touch": True,
}
# An account for each picture, so that none has chats already.
NAMES = {
    ("desktop", "light"): "Alice",
    ("phone", "light"): "Alicia",
    ("desktop", "dark"): "Alina",
    ("phone", "dark"): "Alma",
}
WINDOW_NAMES = {"light": "Alice", "dark": "Alma"}
TALK = {
    "I am planning three days in Lisbon with my dog Rufus. Where should we stay?": (
        "Stay in **Campo de Ourique** or **Estrela**: level streets, and the Jardim da Estrela "
        "around the corner for Rufus.\n\n"
        "- *Hotels* often take dogs up to 10 kg; ask before you book.\n"
        "- *Flats* in Campo de Ourique mostly do not mind at all.\n"
        "- Trams take dogs in a carrier, the ferry to Cacilhas without one."
    ),
    "Which morning walk is good with him?": (
        "Along the river from **Belém** to **Alcântara**: flat, 4 km, and in the shade until ten. "
        "Rufus can drink at the Jardim Vasco da Gama."
    ),
    "Something else: how do I merge overlapping intervals in Python?": (
        "Sort them by their start, and widen the last one as long as the next begins inside it:\n\n"
        "```python\n"
        "def merged(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:\n"
        "    result: list[tuple[int, int]] = []\n"
        "    for start, end in sorted(intervals):\n"
        "        if result and start <= result[-1][1]:\n"
        "            result[-1] = (result[-1][0], max(end, result[-1][1]))\n"
        "        else:\n"
        "            result.append((start, end))  # nothing to join it to\n"
        "    return result\n"
        "```\n\n"
        "It takes `O(n log n)` for the sorting and one pass after it."
    ),
}
# Said over a small budget, so that the window of the last question leaves something out.
ALONG_THE_RIVER = "Back to Lisbon: where along the river can Rufus drink?"
WINDOW_TALK = TALK | {
    "Which of the two quarters is quieter in the evening?": (
        "**Campo de Ourique**: few bars, and the trams end early. Estrela is a little livelier "
        "around the basilica."
    ),
    ALONG_THE_RIVER: "At the **Jardim Vasco da Gama** in Belém, halfway along the morning walk.",
}
WINDOW_TOKENS = "200"
EARLIER = {
    "Write a birthday speech for Ana": "Birthday speech for Ana",
    "My kitchen is cold. How do I keep sourdough going?": "Sourdough in a cold kitchen",
    "Why is the sky dark at night?": "Why the night sky is dark",
}


def talk(person: Person, model: Model, said: dict[str, str] = TALK) -> None:
    """Gives them some chats, the last of them open."""
    model.titles.update(EARLIER | {"three days in Lisbon": "Three days in Lisbon with Rufus"})
    for question in EARLIER:
        model.answers[question] = "With pleasure."
        person.button("New chat").click()
        person.asks(question, "With pleasure.")
    person.button("New chat").click()
    model.answers.update(said)
    for number, question in enumerate(said, 1):
        person.says(question)
        finished = person.messages("Assistant").last
        expect(finished).to_have_attribute("aria-posinset", str(2 * number), timeout=30_000)
        person.rests()


def shoot(person: Person, name: str) -> None:
    path = IMAGES / f"{name}.png"
    person.page.mouse.move(0, 0)
    person.page.wait_for_timeout(400)
    person.page.screenshot(path=path)
    size = path.stat().st_size
    assert size <= MAX_BYTES, f"{path} has {size} bytes"
    print(f"{path.name}: {size:,} bytes")  # noqa: T201


def everything(browser: Any, service: Service, model: Model) -> None:
    for scheme in ("light", "dark"):
        for width, context in (("desktop", DESKTOP), ("phone", PHONE)):
            name = NAMES[width, scheme]
            person = Person(browser, service, name=name, color_scheme=scheme, **context)
            person.page.goto(service.url)
            if (scheme, width) == ("light", "desktop"):
                shoot(person, "page-sign-in")
            person.arrives()
            if width == "desktop" and scheme == "light":
                shoot(person, "page-start")
            talk(person, model)
            if width == "desktop" and scheme == "dark":
                person.page.get_by_role("button", name="Context").click()
                expect(person.page.get_by_role("complementary")).to_contain_text("tokens")
            shoot(person, f"page-{scheme}-{width}")
            person.leaves()


def windows(browser: Any, service: Service, model: Model) -> None:
    """The README's picture: a chat beside the plan of its window, which leaves something out."""
    for scheme in ("light", "dark"):
        name = WINDOW_NAMES[scheme]
        person = Person(browser, service, name=name, color_scheme=scheme, **TALL)
        person.arrives()
        talk(person, model, WINDOW_TALK)
        person.page.get_by_role("button", name="Context").click()
        expect(person.page.get_by_role("complementary")).to_contain_text("Left out")
        shoot(person, f"page-window-{scheme}")
        person.leaves()


def main() -> None:
    """Take all pictures, or with `windows` the README's two."""
    page_libraries.install()
    model = Model()
    with tempfile.TemporaryDirectory() as scratch, launched() as browser:
        small = {"CONTEXT_MAX_TOKENS": WINDOW_TOKENS}
        steps = (
            [(windows, small)] if "windows" in sys.argv else [(windows, small), (everything, {})]
        )
        try:
            for step, more in steps:
                service = Service(Path(scratch, step.__name__), **settings(model), **more).ready()
                try:
                    step(browser, service, model)
                finally:
                    service.kill()
        finally:
            model.close()


if __name__ == "__main__":
    main()
