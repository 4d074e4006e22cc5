"""moto behind a small WSGI layer that logs each call and lets changes happen one at a time."""

from __future__ import annotations

import io
import json
import select
import socket
import time
from collections.abc import Callable, Iterable
from threading import Condition
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.serving import BaseWSGIServer

STAGE_AGENT = "loopback-stage"
"""In the user agent of the stage's own calls, so that the bot's can be told from them."""

_BUCKET_CALLS = {
    ("PUT", "notification"): "PutBucketNotificationConfiguration",
    ("PUT", ""): "CreateBucket",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", ""): "ListObjects",
    ("HEAD", ""): "HeadBucket",
}
_OBJECT_CALLS = {
    "GET": "GetObject",
    "PUT": "PutObject",
    "HEAD": "HeadObject",
    "DELETE": "DeleteObject",
}


@runtime_checkable
class Closable(Protocol):
    """An answer that holds something open."""

    def close(self) -> None: ...


class Call(Struct, frozen=True, kw_only=True):
    """One AWS call that was answered.

    *at* is when it came in, by the stage's clock (seconds); *own* marks the stage's own calls;
    *deleted* counts the messages that it took off a queue.
    """

    service: str
    operation: str
    at: float
    status: int
    own: bool
    deleted: int = 0


def listen(note: Callable[[Call], None], clock: Callable[[], float]) -> BaseWSGIServer:
    """A server on a free port of 127.0.0.1, not yet serving; *note* is told of every call."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        # Header and body leave in two writes; Nagle's algorithm would hold the second for 40 ms.
        disable_nagle_algorithm = True

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing: the call log knows."""

    app = _Logged(DomainDispatcherApplication(create_backend_app), note, clock)
    return make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)


class _Logged:
    """Logs each call and serialises them all; a long poll waits outside.

    moto deletes an SQS message by building a new list of those that stay: one that is added
    meanwhile by another thread would be lost. And moto hands messages to a long poll whose caller
    was killed, which SQS does not: so we wait ourselves, and look whether somebody still listens.
    """

    def __init__(
        self, app: WSGIApplication, note: Callable[[Call], None], clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._note = note
        self._clock = clock
        self._changed = Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        service, operation = name_call(environ)
        at = self._clock()
        statuses: list[str] = []

        def start(
            status: str, headers: list[tuple[str, str]], error: OptExcInfo | None = None
        ) -> Callable[[bytes], object]:
            statuses.append(status)
            return start_response(status, headers, error)

        if operation == "ReceiveMessage":
            answer = self._receive(environ, start)
        else:
            with self._changed:
                answer = self._whole(environ, start)
                self._changed.notify_all()
        own = STAGE_AGENT in environ.get("HTTP_USER_AGENT", "")
        status = int(statuses[-1].split()[0]) if statuses else 500
        if service:  # what is not signed is not for AWS
            call = Call(service=service, operation=operation, at=at, status=status, own=own)
            deleted = _deleted(operation, answer) if status == 200 else 0
            self._note(msgspec.structs.replace(call, deleted=deleted))
        return answer

    def _receive(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        """A long poll, as short ones whenever something has changed."""
        asked = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        ends = time.monotonic() + float(asked.get("WaitTimeSeconds", 0))
        body = json.dumps(asked | {"WaitTimeSeconds": 0}).encode()
        with self._changed:
            while True:
                if _hung_up(environ):
                    start("200 OK", [("Content-Type", "application/x-amz-json-1.0")])
                    return [b"{}"]
                ahead = ends - time.monotonic()
                once = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
                begun: list[tuple[Any, ...]] = []
                answer = self._whole(once, lambda *said, begun=begun: begun.append(said))
                if ahead <= 0 or b'"Messages"' in b"".join(answer):
                    start(*begun[-1])
                    return answer
                # Hidden messages come back by time alone, so look again every now and then.
                self._changed.wait(min(ahead, 0.2))

    def _whole(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        pieces = self._app(environ, start)
        try:
            return list(pieces)
        finally:
            if isinstance(pieces, Closable):
                pieces.close()


def _deleted(operation: str, answer: Iterable[bytes]) -> int:
    """How many messages a call has taken off a queue."""
    if operation == "DeleteMessageBatch":
        return len(json.loads(b"".join(answer)).get("Successful", []))
    return int(operation == "DeleteMessage")


def _hung_up(environ: WSGIEnvironment) -> bool:
    """The caller has closed its end of the connection."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is None or not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def name_call(environ: WSGIEnvironment) -> tuple[str, str]:
    """(service, operation) of a signed request, "" where they cannot be told."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
    pieces = scope.split("/")
    service = pieces[-2] if len(pieces) >= 5 else ""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return service, target.rpartition(".")[2]
    if service == "s3":
        return service, _s3_operation(environ)
    return service, _action(environ)


def _s3_operation(environ: WSGIEnvironment) -> str:
    method = str(environ["REQUEST_METHOD"])
    _, _, key = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    if key:
        return _OBJECT_CALLS.get(method, method)
    asked = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    for (verb, word), operation in _BUCKET_CALLS.items():
        if verb == method and (not word or word in asked):
            return operation
    return method


def _action(environ: WSGIEnvironment) -> str:
    """The Action of a form, which is put back for moto to read."""
    if "x-www-form-urlencoded" not in environ.get("CONTENT_TYPE", ""):
        return ""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
