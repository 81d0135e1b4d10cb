"""A model's server for the page's tests: it streams, as slowly as a test wants it to."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil

WORD_SECONDS = 0.01


class Model:
    """Answers `Answer to: <question>`, or what `answers` holds for a question.

    `thoughts` are what it thinks before it answers, by the question.
    `titles` are its titles for what a text says, by some words of it.
    A question with the word `wait` stops after its first words until `gate` is opened. `asked`
    counts the calls for each question, `broken` makes it fail them all.
    """

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.thoughts: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.gate = threading.Event()
        self.broken = False
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                model.reply(self, json.loads(self.rfile.read(length)))

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def close(self) -> None:
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def reply(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if self.broken:
            self._send(handler, 500, {"error": {"message": "out of order"}})
        elif body.get("stream"):
            self._stream(handler, said(body["messages"][-1]["content"]))
        else:
            asked = said(body["messages"][-1]["content"])
            found = [title for words, title in self.titles.items() if words in asked]
            message = {"role": "assistant", "content": (found or ["A fine title"])[0]}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            self._send(handler, 200, _completion("chat.completion", [choice]))

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def _stream(self, handler: BaseHTTPRequestHandler, question: str) -> None:
        self.asked[question] += 1
        text = self.answers.get(question, f"Answer to: {question}")
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            if thoughts := self.thoughts.get(question):
                self._chunk(handler, {"reasoning_content": thoughts})
            for number, word in enumerate(text.split(" ")):
                if number == 3 and "wait" in question:
                    self.gate.wait(60)
                self._chunk(handler, {"content": word if number == 0 else f" {word}"})
                time.sleep(WORD_SECONDS)
            self._chunk(handler, {}, "stop")
            handler.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass  # the service has hung up
        handler.close_connection = True

    def _chunk(
        self, handler: BaseHTTPRequestHandler, delta: dict[str, str], finish: str | None = None
    ) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        body = _completion("chat.completion.chunk", [choice])
        handler.wfile.write(b"data: " + json.dumps(body).encode() + b"\n\n")
        handler.wfile.flush()


def writer(service: Any, model: Model) -> int:
    """The worker that is connected to the model's server, so writes a reply."""
    port = model.server.server_port
    for pid in service.workers():
        connections = psutil.Process(pid).net_connections(kind="tcp")
        if any(each.raddr and each.raddr.port == port for each in connections):
            return int(pid)
    raise LookupError("no worker is connected to the model's server")


def said(content: Any) -> str:
    """A question's text, with the types of what else is in it: `What is this? [image_url]`."""
    if not isinstance(content, list):
        return str(content)
    return " ".join(part.get("text") or f"[{part['type']}]" for part in content)


def _completion(kind: str, choices: list[Any]) -> dict[str, Any]:
    return {"id": "c1", "object": kind, "created": 1, "model": "test-model", "choices": choices}
