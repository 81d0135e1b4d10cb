"""The Dockerfile, step by step in fresh folders, and what comes out of it, started."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from chatproject.mongod import embedded as mongod
from chatproject.mongod.replica_set import choose_port
from chatproject.settings import BASE_DIR
from tests.deployment.image import Build, Stage, files
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="acts as another user, as Docker does"),
    pytest.mark.xdist_group("the image"),
]


@dataclass
class Container:
    """The image's command, running as its user."""

    build: Build
    image: Stage
    url: str
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"
    output: Path

    def run(self, *command: str) -> int:
        """Another command in it, as `docker exec` would."""
        started = self.build.started(self.image, command, self.output, **self.environment)
        return started.wait(120)


def written(image: Stage) -> dict[str, int]:
    """When each file outside of what may be written was changed."""
    free = (image.folder / "data", image.folder / "tmp")
    return {
        str(path): path.lstat().st_mtime_ns
        for path in files(image.folder)
        if not any(path.is_relative_to(each) for each in free)
    }


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[Build, Stage]]:
    # not pytest's directory, which only root may enter
    folder = Path(tempfile.mkdtemp(prefix="image-"))
    folder.chmod(0o755)
    try:
        build = Build(BASE_DIR, folder)
        yield build, build.image()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def container(
    built: tuple[Build, Stage], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    build, image = built
    output = tmp_path_factory.mktemp("output") / "log"
    port = choose_port()
    with mongod.throwaway(tmp_path_factory.mktemp("mongod")) as uri:
        environment = {
            "MONGODB_URI": uri,
            "SECRET_KEY": "k" * 50,
            "JWT_SIGNING_KEY": "s" * 50,
            "PORT": str(port),
            "WORKERS": "1",
            "BEHIND_TLS": "1",
        }
        process = build.started(image, image.command, output, **environment)
        here = Container(build, image, f"http://127.0.0.1:{port}", environment, process, output)
        try:
            wait_until(lambda: "Ready at" in output.read_text() or process.poll() is not None, 180)
            assert process.poll() is None, output.read_text()
            yield here
        finally:
            process.terminate()
            process.wait(60)


def test_it_has_what_the_service_needs_and_nothing_else(built):
    _, image = built
    packages = next((image.folder / "opt/venv/lib").glob("python3.*")) / "site-packages"

    assert {path.name for path in (image.folder / "srv/chat").iterdir()} == {
        "LICENSE", "accounts", "chatproject", "manage.py", "package-lock.json", "package.json",
        "pyproject.toml", "requirements-image.txt", "sessions_app",
    }  # fmt: skip
    assert not [name for name in ("pip", "fiftyone", "pytest") if (packages / name).exists()]
    assert not list(image.folder.rglob("keys.json"))
    assert not list(image.folder.rglob("node_modules"))


def test_it_is_small(built):
    _, image = built
    size = sum(path.lstat().st_size for path in files(image.folder) if path.is_file())

    assert size < 500e6


def test_only_its_data_belongs_to_its_user(built):
    _, image = built
    owned = {path for path in files(image.folder) if path.lstat().st_uid != 0}

    assert {path for path in owned if not path.is_relative_to(image.folder / "data")} == set()
    loose = [path for path in files(image.folder) if path.lstat().st_mode & 0o002]
    assert [path for path in loose if not path.is_symlink()] == [image.folder / "tmp"]


def test_it_answers_and_is_ready(container):
    assert httpx.get(f"{container.url}/healthz").json()["status"] == "ok"
    ready = httpx.get(f"{container.url}/readyz", timeout=10)
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert ready.json()["encoder"] == "ok"


def test_its_health_check_passes_and_fails_with_the_service(container):
    assert container.run(*container.image.healthcheck) == 0
    elsewhere = container.environment | {"PORT": str(choose_port())}
    failed = container.build.started(
        container.image, container.image.healthcheck, container.output, **elsewhere
    )
    assert failed.wait(60) == 1


@pytest.mark.parametrize("page", ["/", "/admin/login/"])
def test_a_page_comes_with_all_its_files(container, page):
    shown = httpx.get(container.url + page, headers={"X-Forwarded-Proto": "https"}, timeout=20)
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', shown.text)

    assert shown.status_code == 200
    assert named
    for path in named:
        answer = httpx.get(container.url + path)
        assert (path, answer.status_code) == (path, 200)
        assert "immutable" in answer.headers["Cache-Control"], path


def test_the_pages_libraries_are_served(container):
    collected = json.loads((container.image.folder / "srv/static/staticfiles.json").read_text())
    wanted = json.loads((BASE_DIR / "package.json").read_text())["browserFiles"].values()

    for name in wanted:
        path = collected["paths"][f"chat/vendor/{name}"]
        assert httpx.get(f"{container.url}/static/{path}").status_code == 200, name


def test_the_first_password_signs_in(container):
    account = json.loads((container.image.folder / "data/admin.json").read_text())

    answer = httpx.post(f"{container.url}/auth/token", json=account, timeout=20)

    assert answer.status_code == 200, answer.text


def test_a_scheduled_command_runs_in_it(container):
    assert container.run("python", "manage.py", "expire_sessions", "--json") == 0
    assert container.run("python", "manage.py", "flushexpiredtokens") == 0


def test_its_root_is_read_only_to_it(container):
    before = written(container.image)

    assert container.run("touch", "/srv/chat/new") != 0
    assert container.run("python", "manage.py", "check", "--deploy") == 0
    assert written(container.image) == before


def test_it_runs_as_nobody_in_particular(container):
    status = Path(f"/proc/{container.process.pid}/status").read_text()

    assert re.search(r"^Uid:\s+10001\s+10001\s+10001\s+10001$", status, re.MULTILINE)


def test_it_stops_by_a_signal(built, tmp_path, mongod_uri):
    build, image = built
    shutil.rmtree(image.folder / "data")
    (image.folder / "data").mkdir(mode=0o700)
    os.chown(image.folder / "data", 10001, 10001)
    output = tmp_path / "log"
    process = build.started(
        image, image.command, output, MONGODB_URI=mongod_uri, SECRET_KEY="k" * 50,
        JWT_SIGNING_KEY="s" * 50, PORT=str(choose_port()), WORKERS="1", ADMIN_PASSWORD="x" * 20,
    )  # fmt: skip
    while "Ready at" not in output.read_text():
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0, output.read_text()
    assert not (image.folder / "data/admin.json").exists()
