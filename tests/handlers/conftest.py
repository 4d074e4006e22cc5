"""A stage for every test of a listener, and an ear for response URLs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.store import SqliteStore
from tests.builders import FakeClock
from tests.handlers.stage import Stage


@pytest.fixture
def stage(store: SqliteStore, clock: FakeClock) -> Stage:
    """The bot with Ana and Ben, who may, and Eve, who may not."""
    return Stage(store, clock)


class Ear:
    """A response URL on loopback that keeps what was said to it."""

    def __init__(self, url: str, heard: list[dict[str, Any]]) -> None:
        self.url = url
        self.heard = heard


@pytest.fixture
def ear() -> Iterator[Ear]:
    """Where Slack would take late answers."""
    heard: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            heard.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Ear(f"http://127.0.0.1:{server.server_port}/answer", heard)
    server.shutdown()
    thread.join()
    server.server_close()
