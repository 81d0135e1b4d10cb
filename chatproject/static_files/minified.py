"""Minifies JavaScript files in place: `python -m chatproject.static_files.minified FILE…`.

It is run in a process of its own. The minifier brings Go's runtime with its threads and signal
handlers, and a process that starts workers is to have neither.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_MODULE = "minify"


def minify(files: Sequence[str]) -> None:
    """Minify files. They stay as they are where the minifier is not installed (macOS)."""
    if files and importlib.util.find_spec(_MODULE):
        command = [sys.executable, "-m", "chatproject.static_files.minified", *files]
        root = Path(__file__).resolve().parents[2]
        subprocess.run(command, cwd=root, check=True)  # noqa: S603 - the command is ours


def main(files: Sequence[str]) -> None:
    """Minify files; names of variables stay, so that errors in a browser's console can be read."""
    import minify as minifier  # not where this module is only imported

    minifier.config({"js-keep-var-names": True, "js-version": 2022})
    for file in map(Path, files):
        file.write_text(minifier.string("application/javascript", file.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
