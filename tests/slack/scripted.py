"""An HTTP server that answers exactly what a test wrote down, byte by byte if need be."""

from __future__ import annotations

import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """A status, a body and headers; *status* 0 closes the connection without a word."""

    body: bytes | dict[str, Any] = b""
    status: int = 200
    headers: dict[str, str] = {}


class Heard(msgspec.Struct, frozen=True):
    """A request: its method name, its arguments and whether they came as JSON."""

    method: str
    args: dict[str, Any]
    json: bool


class Scripted:
    """Answers requests in the order of *answers*; the last one is repeated."""

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.heard: list[Heard] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Where a client finds it."""
        return f"http://127.0.0.1:{self._server.server_port}/api/"

    def say(self, *answers: Answer | dict[str, Any]) -> None:
        """What comes next; a mapping is a JSON answer."""
        self.answers.extend(
            answer if isinstance(answer, Answer) else Answer(answer) for answer in answers
        )

    def close(self) -> None:
        """Stop listening: from now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(script: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = "json" in self.headers.get("Content-Type", "")
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            args = msgspec.json.decode(body) if is_json and body else form
            script.heard.append(Heard(self.path.rpartition("/")[2], args, is_json))
            answer = script.answers.popleft() if len(script.answers) > 1 else script.answers[0]
            self._give(answer)

        do_GET = do_POST  # noqa: N815 - the name http.server looks for

        def _give(self, answer: Answer) -> None:
            if answer.status == 0:
                self.close_connection = True
                return
            raw = isinstance(answer.body, bytes)
            body = answer.body if isinstance(answer.body, bytes) else b""
            self.send_response(answer.status)
            headers = {"Content-Type": "text/html" if raw else "application/json"}
            for name, value in (headers | answer.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if raw else msgspec.json.encode(answer.body))

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests' output is for faults."""

    return Handler
