"""From a clone to a third turn that remembers the first, with the seconds that each step takes.

python3 examples/third_turn.py                       clone, install, start, talk, stop
python3 examples/third_turn.py --base http://…:8000  talk to a service that is there
"""

import argparse
import json
import secrets
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAID = ("My dog is called Rufus.", "I live in Lisbon.", "What is my dog called?")


def call(base: str, path: str, body: dict[str, object], token: str = "") -> Any:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"{base}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def remembered(base: str) -> str:
    """The reply to the third turn of a new account's new session."""
    password = secrets.token_urlsafe(24)
    account = {"username": f"third-turn-{secrets.token_hex(4)}", "password": password}
    token = call(base, "/auth/register", account)["access"]
    session_id = call(base, "/session/create", {}, token)["session_id"]
    for content in SAID:
        turn = call(base, f"/session/{session_id}/chat", {"content": content}, token)
    return turn["assistant_message"]["content"]


def started(folder: str) -> "tuple[subprocess.Popen[bytes], str]":
    """`make run` in a clone, and its address once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    service = subprocess.Popen(["make", "run", f"PORT={port}"], cwd=folder)
    while service.poll() is None:
        with suppress(OSError):
            urllib.request.urlopen(f"{base}/readyz", timeout=10).close()
            return service, base
        time.sleep(0.1)
    raise SystemExit(f"make run ended with {service.returncode}")


def report(step: str, since: float) -> None:
    print(f"{step}: {time.monotonic() - since:.1f} s", flush=True)


def talked(base: str) -> None:
    since = time.monotonic()
    reply = remembered(base)
    if "Rufus" not in reply:
        raise SystemExit(f"the third turn does not remember the first: {reply}")
    report("three turns", since)
    print(reply)


def main() -> None:
    parser = argparse.ArgumentParser(description="From a clone to a remembered third turn.")
    parser.add_argument("--base", help="the address of a service that is there")
    parser.add_argument("--clone", default=str(ROOT), help="the repository (default: this one)")
    asked = parser.parse_args()
    if asked.base:
        talked(asked.base.rstrip("/"))
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        begin = since = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", asked.clone, f"{folder}/clone"], check=True)
        report("clone", since)
        since = time.monotonic()
        service, base = started(f"{folder}/clone")
        try:
            report("install and start", since)
            talked(base)
            report("from clone to a remembered third turn", begin)
        finally:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
