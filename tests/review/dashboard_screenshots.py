"""Makes the pictures of the admin's first page.

`python -m tests.review.dashboard_screenshots docs/images` starts a MongoDB and a service of its
own, fills them, and photographs the page: light, dark, on a phone, and before anything happened.
"""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

WIDE, PHONE = {"width": 1280, "height": 1160}, {"width": 390, "height": 844}


def main() -> None:
    """Photograph the empty page, fill the service, photograph the page."""
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
    from tests.review import browser, demo, figures

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
        with browser.server() as base, browser.chromium() as chromium:
            photograph(chromium, base, target / "dashboard-start-light.png", "light", WIDE)
            demo.fill(users, datetime.now(UTC))
            figures.fill(datetime.now(UTC))
            for scheme, size in (("light", WIDE), ("dark", WIDE), ("phone", PHONE)):
                photograph(chromium, base, target / f"dashboard-{scheme}.png", scheme, size)
        mongoengine.disconnect()


def photograph(chromium: Any, base: str, file: Path, scheme: str, size: Any) -> None:
    """One picture of the page, as a lead reviewer sees it."""
    from tests.review import browser, demo

    context = chromium.new_context(
        viewport=size, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    browser.sign_in(page, base, "lea", demo.PASSWORD)
    page.goto(f"{base}/admin/")
    page.screenshot(path=str(file), animations="disabled")
    print(f"{file} {file.stat().st_size // 1024} kB")  # noqa: T201
    context.close()


if __name__ == "__main__":
    main()
