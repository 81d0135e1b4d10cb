"""Which of the project's files a piece of work passes through."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = tuple(f"{ROOT / name}/" for name in ("accounts", "chatproject", "sessions_app"))


def files_passed_through(work: Callable[[], Any]) -> list[str]:
    """The files with a function that `work` runs, in any thread that starts meanwhile."""
    paths: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGES):
            paths.add(frame.f_code.co_filename)

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
    return sorted(str(Path(path).relative_to(ROOT)) for path in paths)
