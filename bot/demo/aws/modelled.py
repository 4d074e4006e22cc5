"""One AWS API of the JSON protocol, held to botocore's own model: what the model does not allow
is neither taken nor given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final, Self, TypeAlias

Answer: TypeAlias = dict[str, Any]

_AGENT: Final = "application/x-amz-json-1.1"


class ModelledError(Exception):
    """An error with a *code* that the service's model has."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class OutsideModelError(AssertionError):
    """What we were about to answer is nothing that the service could answer."""


class Modelled:
    """*operations* of *service* on a free port of 127.0.0.1; a context manager.

    Each takes the parsed input and gives the output, both by botocore's model (times as aware
    datetimes), or raises ModelledError. *seen* is (operation, input, code or "") of every call.
    """

    def __init__(self, service: str, operations: Mapping[str, Callable[[Answer], Answer]]) -> None:
        from botocore.session import get_session  # slow, and only needed when it is served

        self._model = get_session().get_service_model(service)
        self._operations = operations
        self.seen: list[tuple[str, Answer, str]] = []
        self.faults: list[str] = []
        self.endpoint_url = ""

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, said = outer.answer(self.headers.get("X-Amz-Target", ""), body)
                self.send_response(status)
                self.send_header("Content-Type", _AGENT)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: `seen` knows."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, target: str, body: bytes) -> tuple[int, bytes]:
        """(HTTP status, body) for a request; anything that is wrong with the request is an error
        of the service, anything that is wrong with us is kept in *faults* and answers 500."""
        prefix, _, name = target.rpartition(".")
        asked: Answer = {}
        try:
            if prefix != self._model.metadata["targetPrefix"] or name not in self._operations:
                return _error(400, "UnknownOperationException", target)
            operation = self._model.operation_model(name)
            asked = self._parsed(operation.input_shape, body)
            given = self._operations[name](asked)
            said = self._written(operation.output_shape, given)
        except ModelledError as error:
            if not self._has_error(name, error.code):
                self.faults.append(f"{name} has no error {error.code}")
                return _error(500, "InternalFailure", error.code)
            self.seen.append((name, asked, error.code))
            return _error(400, error.code, str(error))
        except OutsideModelError as error:
            self.faults.append(str(error))
            return _error(500, "InternalFailure", str(error))
        self.seen.append((name, asked, ""))
        return 200, json.dumps(said).encode()

    def _has_error(self, operation: str, code: str) -> bool:
        """Its own errors, and those that the service may answer to any call."""
        own = [shape.name for shape in self._model.operation_model(operation).error_shapes]
        return code in own or code in {"AccessDeniedException", "ThrottlingException"} & set(
            self._model.shape_names
        )

    def _parsed(self, shape: Any, body: bytes) -> Answer:
        from botocore.validate import ParamValidator

        sent = json.loads(body or b"{}")
        if unknown := sorted(sent.keys() - shape.members.keys()):
            raise ModelledError("ValidationException", f"not in the model: {', '.join(unknown)}")
        asked: Answer = _times(shape, sent, read=True)
        report = ParamValidator().validate(asked, shape)
        if report.has_errors():
            raise ModelledError("ValidationException", report.generate_report())
        return asked

    def _written(self, shape: Any, given: Answer) -> Any:
        from botocore.validate import ParamValidator

        report = ParamValidator().validate(given, shape)
        if unknown := sorted(given.keys() - shape.members.keys()):
            raise OutsideModelError(f"{shape.name} has no {', '.join(unknown)}")
        if report.has_errors():
            raise OutsideModelError(f"{shape.name}: {report.generate_report()}")
        return _times(shape, given, read=False)


def _times(shape: Any, value: Any, *, read: bool) -> Any:
    """*value* with its times read from, or written as, the seconds of the JSON protocol."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            key: _times(shape.members[key], inner, read=read) if key in shape.members else inner
            for key, inner in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_times(shape.member, inner, read=read) for inner in value]
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(value, UTC) if read else value.timestamp()
    return value


def _error(status: int, code: str, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"__type": code, "message": message}).encode()
