"""A DATA_DIR without room: workers live, reads go on, and writes recover by themselves."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from chatproject.mongod import diagnosis
from chatproject.serving import counters
from chatproject.storage import disk
from tests.chatproject.conftest import Serve
from tests.drills import Saw
from tests.faults.replica_set import three
from tests.faults.talks import READY_SECONDS, Talk
from tests.waiting import wait_until

MIB = 1024 * 1024


@contextmanager
def small_disk(directory: Path, mib: int) -> Iterator[Path]:
    """A disk of its own; skips where this user may not mount one."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs", str(directory)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True, timeout=60)


@contextmanager
def filled(directory: Path) -> Iterator[None]:
    """Not a byte is left on the disk, as long as the block."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (MIB, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    try:
        yield
    finally:
        filler.unlink()


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "volume", 700) as directory:
        yield directory


def data_dir_on(volume: Path) -> Path:
    """A DATA_DIR on the volume by another name, beside which a test may write."""
    link = volume.with_name("data")
    link.symlink_to(volume)
    return link


def status(talk: Talk, method: str, *path: str, **more: Any) -> int:
    try:
        return talk.request(method, *path, **more).status_code
    except httpx.HTTPError:
        return 0


def append(talk: Talk) -> int:
    return status(talk, "POST", "message", json={"content": "x" * 2_000})


def read(talk: Talk) -> int:
    return status(talk, "GET")


def routes_of_all_kinds(talk: Talk) -> None:
    """Many routes, methods and statuses: each makes new series in the workers' counters."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for path in ("message", "messages", "context", "topics", "fork", "archive", "chat/stream"):
            status(talk, method, path)


@pytest.mark.drill(5, "the disk of DATA_DIR fills, with the embedded MongoDB on it")
def test_a_full_disk_refuses_writes_lets_reads_go_on_and_recovers(
    serve: Serve, volume: Path, saw: Saw, request: pytest.FixtureRequest
):
    service = serve(data_dir_on(volume), WORKERS="2").ready(READY_SECONDS)
    talk = Talk(service)
    other = Talk(service, talk)
    assert append(talk) == 201
    wait_until((volume / "reserve").exists)
    workers = service.workers()
    # MongoDB writes a checkpoint every minute, and without room it ends itself.
    seconds = 75.0 if request.config.getoption("--slow") else 5.0
    reads: list[int] = []
    with filled(volume):
        assert append(talk) == 503
        said = talk.request("POST", "message", json={"content": "x"})
        assert "The disk is full" in said.json()["errors"][0]["detail"]
        assert service.get("/readyz").json()["disk"] == "full"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            routes_of_all_kinds(other)
            reads.append(read(talk))
        wait_until(lambda: read(talk) == 200)
        assert append(talk) == 503
    began = time.monotonic()
    wait_until(lambda: append(talk) == 201)
    recovered = time.monotonic() - began
    assert service.workers() == workers
    assert service.process.poll() is None
    assert reads.count(200) > len(reads) / 2
    saw(f"writes 503, by name; {reads.count(200)} of {len(reads)} reads answered; "
        f"writes again {recovered:.1f} s after there was room")  # fmt: skip


@pytest.mark.drill(5, "the disk of DATA_DIR fills, with MongoDB elsewhere")
def test_workers_live_on_a_full_disk_when_mongodb_is_elsewhere(
    serve: Serve, tmp_path: Path, saw: Saw
):
    secrets = dict.fromkeys(("SECRET_KEY", "JWT_SIGNING_KEY"), "x" * 50)
    with small_disk(tmp_path / "volume", 120) as volume, three(tmp_path) as members:
        elsewhere = {"MONGODB_URI": members.uri, "WORKERS": "2", **secrets}
        service = serve(data_dir_on(volume), **elsewhere).ready(READY_SECONDS)
        talk = Talk(service)
        other = Talk(service, talk)
        workers = service.workers()
        with filled(volume):
            for _ in range(3):
                routes_of_all_kinds(other)
                assert append(talk) == 201
                assert read(talk) == 200
            assert service.get("/metrics").status_code == 200
        assert service.workers() == workers
        service.kill()
    saw("nothing: reads and writes went on, and metrics were told")


@pytest.mark.drill(5, "a start on a full disk")
def test_a_start_on_a_full_disk_names_the_disk(serve: Serve, volume: Path, saw: Saw):
    data_dir = data_dir_on(volume)
    assert serve(data_dir).ready(READY_SECONDS).end() == 0
    with filled(volume):
        again = serve(data_dir)
        assert again.process.wait(READY_SECONDS) == 1
    assert "error: the disk of DATA_DIR" in again.output
    assert "is full" in again.output
    assert "MONGOD_BINARY" not in again.output
    saw("the start said that the disk is full, and ended with code 1")


def test_every_file_of_the_counters_is_written_out_in_full(tmp_path: Path):
    counters.write_out(tmp_path / "metrics", 2)
    files = list((tmp_path / "metrics").iterdir())
    assert len(files) == 2 * len(counters.SIZES)
    for file in files:
        assert file.stat().st_blocks * 512 >= file.stat().st_size > 0


def test_a_set_of_counters_is_one_process_s_until_it_ends(tmp_path: Path):
    counters.write_out(tmp_path, 2)
    assert [counters.claim(tmp_path) for _ in range(3)] == [1, 2, None]


def test_a_diagnosis_names_the_disk_when_the_log_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(diagnosis, "_NEEDED_BYTES", 2**62)
    log = tmp_path / "mongod.log"
    log.write_text("")
    paths = {"binary": Path("/bin/mongod"), "dbpath": tmp_path, "log": log}
    assert diagnosis.explain(code=134, offset=0, **paths) == diagnosis.DISK_FULL


def test_the_reserve_is_kept_where_there_is_room_and_given_up_once(tmp_path: Path):
    if disk.free(tmp_path) < 3 * disk.RESERVED_BYTES:
        pytest.skip("there is no room for it on this machine")
    disk.keep_reserve(tmp_path)
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= disk.RESERVED_BYTES
    assert [disk.give_up_reserve(tmp_path) for _ in range(2)] == [True, False]
    assert list(tmp_path.iterdir()) == []


def test_a_reserve_whose_writing_is_stopped_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(disk, "free", lambda _: 3 * disk.RESERVED_BYTES)
    monkeypatch.setattr("os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        disk.keep_reserve(tmp_path)
    assert list(tmp_path.iterdir()) == []
