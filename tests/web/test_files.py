"""The page's files as the service sends them, and as the type checker sees them."""

import re
import shutil
import subprocess

import httpx
import pytest

from chatproject.static_files import page_libraries
from chatproject.static_files.minified import minify
from tests.chatproject.conftest import ROOT

# What the page may weigh at its first visit.
MAX_BYTES = 200_000


def addresses(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', html)


def test_every_file_is_compressed_and_kept_for_ever(site):
    page = httpx.get(site.url, timeout=20)
    assert page.headers["cache-control"] == "no-cache"
    found = addresses(page.text)
    assert len(found) > 40
    for address in found:
        answer = httpx.get(site.url + address, headers={"Accept-Encoding": "gzip"}, timeout=20)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers.get("content-encoding") == "gzip" or address.endswith(".woff2")


def test_every_import_names_a_file_that_is_sent(site):
    for address in addresses(httpx.get(site.url, timeout=20).text):
        if not address.endswith(".js"):
            continue
        text = httpx.get(site.url + address, timeout=20).text
        for imported in re.findall(r'\b(?:from |import |import\()"([^"]+)"', text):
            target = httpx.URL(site.url + address).join(imported)
            assert re.search(r"\.[0-9a-f]{12}\.js$", imported), imported
            assert httpx.head(target, timeout=20).status_code == 200, imported


def test_the_page_follows_turns_by_the_client_library_as_it_stands(site, tmp_path):
    page = httpx.get(site.url, timeout=20).text
    [address] = [each for each in addresses(page) if "/chat/client/" in each]
    source = tmp_path / "chat-sessions.js"
    shutil.copy(ROOT / "clients" / "js" / "chat-sessions.js", source)
    minify([str(source)])
    assert httpx.get(site.url + address, timeout=20).text == source.read_text()
    chat = page_libraries.LIBRARIES.parent
    own = [path for path in chat.rglob("*.js") if "vendor" not in path.parts]
    assert [path.name for path in own if "getReader" in path.read_text()] == []
    assert "client/chat-sessions.js" in (chat / "api.js").read_text()


def test_the_page_is_light(site):
    page = httpx.get(site.url, headers={"Accept-Encoding": "gzip"}, timeout=20)
    total = len(page.content)
    for address in addresses(page.text):
        with httpx.stream(
            "GET", site.url + address, headers={"Accept-Encoding": "gzip"}, timeout=20
        ) as answer:
            total += sum(len(chunk) for chunk in answer.iter_raw())

    assert total <= MAX_BYTES


def test_every_module_is_named_for_loading_early(site):
    named = {
        re.sub(r"\.[0-9a-f]{12}\.", ".", address)
        for address in addresses(httpx.get(site.url, timeout=20).text)
    }
    chat = page_libraries.LIBRARIES.parent
    modules = {
        f"/static/chat/{path.relative_to(chat)}"
        for path in [*chat.glob("*.js"), *chat.glob("views/*.js")]
        if path.name not in {"types.js", "highlight.js"}
    }

    assert modules <= named


def test_layers_of_the_page_hold():
    chat = page_libraries.LIBRARIES.parent
    sources = {path: path.read_text() for path in [*chat.glob("*.js"), *chat.glob("views/*.js")]}
    for path, text in sources.items():
        assert ("fetch(" in re.sub(r"#fetch\(|#fetchRun\(", "", text)) == (path.name == "api.js"), (
            path
        )
        assert ("indexedDB" in text or "vendor/idb.js" in text) <= (
            path.name in {"store.js", "indexed_db.js"}
        ), path
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", text), path
        if path.parent.name == "views":
            # Types in comments may name anything; code calls what is below through the actions.
            imports = set(re.findall(r'^import .* from "\.\./([a-z_]+)\.js"', text, re.MULTILINE))
            assert imports <= {"lengths", "preferences", "problems"}, path


@pytest.mark.skipif(not shutil.which("npm"), reason="types are checked where there is npm")
def test_the_types_of_the_modules_hold(tmp_path):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if installed.returncode:
        pytest.skip("the npm registry cannot be reached")
    done = subprocess.run(
        [
            tmp_path / "node_modules" / ".bin" / "tsc",
            "-p",
            ROOT / "jsconfig.json",
            "--pretty",
            "false",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    ours = [
        line
        for line in done.stdout.splitlines()
        if line.startswith("sessions_app/") and "/vendor/" not in line
    ]

    assert "error TS" in done.stdout or done.returncode == 0
    assert ours == []
