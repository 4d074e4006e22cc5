"""Where the records of a file stand in its text, told by the parser itself.

To cut a file into records and to decode each of them is to read it twice. Here it is read once,
into a few fields of each record; of these the parser keeps one as a view of the text. Where that
view begins, the record begins. Only records that somebody asks for are cut out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import overload

import msgspec
from msgspec import Raw, Struct

from bot.detection.core import Placed

_START = b'{"eventVersion":'
"""How CloudTrail begins every record. Nothing but a record's own start can stand right before the
value of its eventVersion."""

_STRIDE = 64


class Places(Sequence[bytes]):
    """The records of a file's text, cut out where they are asked for.

    *cores* are what was parsed of *body*. Raises ValueError where that is not written as CloudTrail
    writes it.
    """

    def __init__(self, body: bytes, cores: Sequence[Placed]) -> None:
        self._body = body
        self._cores = cores
        self._view = _View()
        self._base = self._address(body)
        self._raws: list[Raw] | None = None

    @property
    def longest(self) -> int:
        """No record has more bytes than this. Raises ValueError as above."""
        count = len(self._cores)
        marks = [self._start(place) for place in range(0, count, _STRIDE)]
        ends = [*marks[1:], len(self._body)]
        return max((end - start for start, end in zip(marks, ends, strict=True)), default=0)

    def __len__(self) -> int:
        return len(self._cores)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        try:
            return self._cut(place)
        except (ValueError, msgspec.MsgspecError):
            return bytes(self._carefully()[place])

    def __iter__(self) -> Iterator[bytes]:
        return map(bytes, self._carefully())

    def _cut(self, place: int) -> bytes:
        body, last = self._body, place == len(self._cores) - 1
        start = self._start(place)
        after = len(body) if last else self._start(place + 1)
        if body[after - 2 : after] == b"},":
            # As CloudTrail writes it: cut once.
            return body[start : after - 1]
        text = body[start:after].rstrip()
        end = b"]}" if last else b","
        if not text.endswith(end):
            raise ValueError
        text = text[: -len(end)].rstrip()
        if last:
            # The file may go on after its records.
            msgspec.json.decode(text, type=Raw)
        return text

    def _start(self, place: int) -> int:
        value = self._address(self._cores[place].version) - self._base
        start = value - len(_START)
        if start < 0 or not self._body.startswith(_START, start):
            raise ValueError("the file is not written as CloudTrail writes it")
        return start

    def _address(self, held: bytes | Raw) -> int:
        """Where the bytes of *held* lie in memory, as long as it lives."""
        view = self._view
        _get(held, view, 0)
        address = view.buf or 0
        _release(view)
        return address

    def _carefully(self) -> list[Raw]:
        if self._raws is None:
            self._raws = msgspec.json.decode(self._body, type=_Cut).Records
        return self._raws


class _Cut(Struct, gc=False):
    Records: list[Raw]


class _View(ctypes.Structure):
    """Python's `Py_buffer`."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_get = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(_View), ctypes.c_int)(
    ("PyObject_GetBuffer", ctypes.pythonapi)
)
_release = ctypes.PYFUNCTYPE(None, ctypes.POINTER(_View))(("PyBuffer_Release", ctypes.pythonapi))
