"""Installing the browser libraries of the chat page."""

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from chatproject.static_files import page_libraries
from chatproject.static_files.page_libraries import LibrariesMissing

WANTED = {"one/lib/one.js": "one.js", "two/two.css": "style/two.css"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that wants two files."""
    (tmp_path / "package.json").write_text(json.dumps({"browserFiles": WANTED}))
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


class Npm:
    """Instead of npm: puts files into `node_modules`."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.runs = 0

    def __call__(self, directory: Path) -> None:
        self.runs += 1
        assert (directory / "package-lock.json").is_file()
        for name in self.names:
            path = directory / "node_modules" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)


def test_only_the_named_files_are_kept(project: Path):
    target = project / "kept"
    npm = Npm(*WANTED, "one/other.js")

    assert page_libraries.install(root=project, target=target, with_npm=npm)
    kept = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert kept == {"one.js", "style/two.css", ".installed"}
    assert (target / "one.js").read_text() == "one/lib/one.js"


def test_the_second_time_nothing_is_asked_for(project: Path):
    target, npm = project / "kept", Npm(*WANTED)
    page_libraries.install(root=project, target=target, with_npm=npm)

    assert not page_libraries.install(root=project, target=target, with_npm=npm)
    assert npm.runs == 1


def test_another_lockfile_or_a_missing_file_installs_anew(project: Path):
    target, npm = project / "kept", Npm(*WANTED)
    page_libraries.install(root=project, target=target, with_npm=npm)
    (project / "package-lock.json").write_text('{"version": 2}')
    assert page_libraries.install(root=project, target=target, with_npm=npm)
    (target / "one.js").unlink()

    assert page_libraries.install(root=project, target=target, with_npm=npm)


def test_a_file_that_no_package_has_is_named(project: Path):
    with pytest.raises(LibrariesMissing, match=r"two/two\.css"):
        page_libraries.install(
            root=project, target=project / "kept", with_npm=Npm("one/lib/one.js")
        )


def test_an_installation_that_was_broken_off_is_done_again(project: Path):
    target = project / "kept"
    with pytest.raises(LibrariesMissing):
        page_libraries.install(root=project, target=target, with_npm=Npm("one/lib/one.js"))

    assert page_libraries.install(root=project, target=target, with_npm=Npm(*WANTED))


def test_packages_that_npm_has_put_elsewhere_are_used(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    Npm(*WANTED)(project)
    target = project / "kept"
    monkeypatch.setattr(
        page_libraries, "install", partial(page_libraries.install, root=project, target=target)
    )

    assert page_libraries.main(["--from", str(project / "node_modules")]) == 0
    assert all((target / name).is_file() for name in WANTED.values())


def test_without_the_registry_it_says_what_to_do(project: Path, monkeypatch: pytest.MonkeyPatch):
    lock = {"packages": {"node_modules/one": {"version": "1.0.0", "integrity": "sha512-x"}}}
    package = {"browserFiles": WANTED, "name": "p", "dependencies": {"one": "1.0.0"}}
    (project / "package.json").write_text(json.dumps(package))
    (project / "package-lock.json").write_text(
        json.dumps({"name": "p", "lockfileVersion": 3, "requires": True, **lock})
    )
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(project / "cache"))

    with pytest.raises(LibrariesMissing, match="be online"):
        page_libraries.install(root=project, target=project / "kept")


def test_what_the_page_imports_is_what_is_installed():
    wanted = set(
        json.loads((page_libraries.ROOT / "package.json").read_text())["browserFiles"].values()
    )
    chat = page_libraries.LIBRARIES.parent
    used = {
        part.split('"')[0]
        for path in [*chat.glob("*.js"), *chat.glob("views/**/*.js"), *chat.glob("style/*.css")]
        for part in path.read_text().split("/vendor/")[1:]
    }
    # The template names the style of formulas, and that its fonts.
    style = "katex/katex.css"
    fonts = re.findall(r"url\((fonts/[^)]+)\)", (page_libraries.LIBRARIES / style).read_text())

    assert used | {style, *(f"katex/{font}" for font in fonts)} == wanted


def test_of_fonts_only_the_format_that_is_installed_is_named(project: Path):
    (project / "package.json").write_text(json.dumps({"browserFiles": {"a/a.css": "a.css"}}))
    style = 'src:url(a.woff2) format("woff2"),url(a.woff) format("woff"),url(a.ttf) format("ttf")'

    def npm(directory: Path) -> None:
        (directory / "node_modules" / "a").mkdir(parents=True)
        (directory / "node_modules" / "a" / "a.css").write_text(style)

    page_libraries.install(root=project, target=project / "kept", with_npm=npm)

    assert (project / "kept" / "a.css").read_text() == 'src:url(a.woff2) format("woff2")'


def test_the_command_does_nothing_where_they_are_installed():
    page_libraries.install()
    done = subprocess.run(
        [sys.executable, "-m", "chatproject.static_files.page_libraries"],
        cwd=page_libraries.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
