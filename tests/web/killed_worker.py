"""Makes docs/images/killed-worker.gif: `python -m tests.web.killed_worker`.

A reply is streamed into the page, the worker that writes it is killed, and the stream goes on at
another one. Nothing is staged: the page, the service and the signal are real.
"""

import io
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from chatproject.static_files import page_libraries
from tests.chatproject.conftest import Service
from tests.web import model as slow_model
from tests.web.conftest import settings
from tests.web.model import Model, writer
from tests.web.people import Person, launched

TARGET = Path(__file__).parents[2] / "docs" / "images" / "killed-worker.gif"
MAX_BYTES = 1_000_000
SIZE = {"width": 760, "height": 460}
CAPTION = 40
COLOURS = 48
FRAME_MS = 160
# The last picture stays for so long.
LAST_MS = 2_500
# So many pictures are taken before the worker is killed.
BEFORE_KILL = 14
PATIENCE_SECONDS = 60
QUESTION = "What should we see in Lisbon in an afternoon?"
ANSWER = (
    "Start at the **Miradouro da Graça** while the light is soft, and walk down through Alfama to "
    "the cathedral. Take the ferry to Cacilhas for a late lunch by the water. Come back before "
    "five and end in the Jardim da Estrela, where the kiosk serves coffee until dusk."
)


def main() -> None:
    """Record, and write the picture."""
    page_libraries.install()
    slow_model.WORD_SECONDS = 0.12
    model = Model()
    model.answers[QUESTION] = ANSWER
    model.titles["Lisbon"] = "An afternoon in Lisbon"
    with tempfile.TemporaryDirectory() as scratch, launched() as browser:
        service = Service(Path(scratch), **settings(model), WORKERS="2").ready()
        try:
            person = Person(browser, service, name="Alice", viewport=SIZE, color_scheme="light")
            person.arrives()
            frames = list(_frames(person, service, model))
            person.context.close()
        finally:
            service.end()
            service.kill()
            model.close()
    _write(frames)


def _frames(person: Person, service: Service, model: Model) -> Iterator[Image.Image]:
    """Pictures of the page: before the kill, and until the reply is whole."""
    person.says(QUESTION)
    person.growing().wait_for()
    caption, taken, deadline = "A reply is being streamed", 0, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        started = time.monotonic()
        yield _picture(person.page, caption)
        taken += 1
        if taken == BEFORE_KILL:
            pid = writer(service, model)
            os.kill(pid, signal.SIGKILL)
            caption = f"$ kill -9 {pid}    # the worker that writes it"
        shown = person.messages("Assistant").last.inner_text()
        if taken > BEFORE_KILL + 8 and "dusk" in shown:
            yield _picture(person.page, "The stream went on at another worker")
            return
        if taken > BEFORE_KILL + 8 and "Connection lost" not in shown:
            caption = "The stream goes on at another worker"
        person.page.wait_for_timeout(max(1, FRAME_MS - (time.monotonic() - started) * 1000))
    raise SystemExit("the reply did not become whole")


def _picture(page: Any, caption: str) -> Image.Image:
    """What the page shows, above a line that says what happens."""
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    whole = Image.new("RGB", (shown.width, shown.height + CAPTION), "#22241f")
    whole.paste(shown, (0, 0))
    font = ImageFont.load_default(size=16)
    ImageDraw.Draw(whole).text((16, shown.height + 10), caption, fill="#f6f4ee", font=font)
    return whole


def _write(frames: list[Image.Image]) -> None:
    """One palette for all pictures, so that what does not change costs nothing."""
    palette = frames[-1].quantize(COLOURS)
    pictures = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in frames]
    durations = [FRAME_MS] * (len(pictures) - 1) + [LAST_MS]
    pictures[0].save(
        TARGET, save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True
    )
    size = TARGET.stat().st_size
    assert size <= MAX_BYTES, f"{TARGET} has {size} bytes"
    print(f"{TARGET.name}: {len(pictures)} pictures, {size:,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
