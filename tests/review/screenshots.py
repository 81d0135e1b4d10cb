"""Makes the pictures of the staff pages.

`python -m tests.review.screenshots docs/images` starts a MongoDB and a service of its own, fills
them, and photographs the pages: light, dark, and on a phone.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

WIDE, PHONE = {"width": 1240, "height": 760}, {"width": 390, "height": 844}


def main() -> None:
    """Fill the service, then photograph its pages."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    target.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    import mongoengine
    from django.conf import settings
    from django.core.management import call_command

    from chatproject.databases import mongo
    from chatproject.mongod import embedded as mongod
    from sessions_app.repository import indexes
    from tests.review import browser, demo

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with (
        tempfile.TemporaryDirectory(prefix="screenshots-") as directory,
        mongod.throwaway(Path(directory)) as uri,
    ):
        mongoengine.disconnect()
        mongoengine.connect(db="screenshots", host=uri, **mongo.client_options(timeout_ms=10_000))
        indexes.ensure()
        call_command("migrate", verbosity=0)
        users = demo.accounts()
        flagged = demo.fill(users, datetime.now(UTC))
        with browser.server() as base, browser.chromium() as chromium:
            for scheme, size in (("light", WIDE), ("dark", WIDE), ("phone", PHONE)):
                _photograph(chromium, base, flagged, target, scheme, size)
        mongoengine.disconnect()


def _photograph(
    chromium: Any, base: str, flagged: str, target: Path, scheme: str, size: Any
) -> None:
    from tests.review import browser, demo

    context = chromium.new_context(
        viewport=size, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    browser.sign_in(page, base, "lea", demo.PASSWORD)

    def shoot(name: str, path: str, before: Callable[[], None] = lambda: None) -> None:
        page.goto(f"{base}/admin/conversations/{path}")
        before()
        file = target / f"review-{name}-{scheme}.png"
        page.screenshot(path=str(file), animations="disabled")
        print(f"{file} {file.stat().st_size // 1024} kB")  # noqa: T201

    shoot("list", "")
    if scheme != "phone":
        page.keyboard.press("Control+k")
        page.fill(".palette input", "ma")
        page.wait_for_selector(".palette li >> text=Conversations of maria")
        page.screenshot(path=str(target / f"review-palette-{scheme}.png"), animations="disabled")
        page.keyboard.press("Escape")
    if scheme == "light":
        shoot("reason", f"{flagged}/")
    page.goto(f"{base}/admin/conversations/{flagged}/")
    if page.locator("input[name=reason]").count():
        page.check("input[name=reason][value=report]")
        page.fill("#id_detail", "Ticket 4711")
        page.click("text=Open the conversation")
    shoot("conversation", f"{flagged}/")
    shoot("window", f"{flagged}/?window=18#window")
    if scheme == "light":
        shoot("audit", "audit/")
        page.goto(f"{base}/admin/conversations/?flagged=yes")
        page.check("[data-select-all]")
        page.select_option("#action", "export")
        page.click(".actions .button")
        page.wait_for_selector("#nav-sidebar")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(target / "review-confirm-light.png"))
    context.close()


if __name__ == "__main__":
    main()
