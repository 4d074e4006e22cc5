"""Bytes as they arrive become plain JSON text: gzip in all its forms, and byte order marks."""

from __future__ import annotations

from msgspec import Struct

_GZIP = b"\x1f\x8b"
_STEP = 65_536
_MEMBERS = 10_000
"""Members that may hold as little as they like; each costs time, however small it is."""

_MEMBER = 200
"""Bytes that those beyond must hold on average: less than any record has."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


class Unpacked(Struct, frozen=True):
    """The plain bytes, and why there are not more of them ("" where all is there)."""

    body: bytes
    fault: str = ""


def unpack(body: bytes, limit: int) -> Unpacked:
    """*body* without gzip and byte order mark, at most *limit* bytes of it.

    gzip is told by its first bytes, never by a file name. All members are read, one after the
    other; what came before a cut or a damaged place is kept. Where there are very many members
    that hold next to nothing, the rest is given up.
    """
    gunzipped = _gunzip(body, limit) if body.startswith(_GZIP) else Unpacked(body)
    if not gunzipped.fault and len(gunzipped.body) > limit:
        return Unpacked(b"", f"it is {len(body):,} bytes, over the limit of {limit:,}")
    return Unpacked(_unmark(gunzipped.body), gunzipped.fault)


def _gunzip(body: bytes, limit: int) -> Unpacked:
    from isal import isal_zlib

    # Nearly every file is one member: that is read in one go, all others with care.
    whole = isal_zlib.decompressobj(wbits=31)
    try:
        plain = whole.decompress(body, limit + 1)
    except isal_zlib.error:  # type: ignore[misc]  # isal's stub gets its kind wrong
        plain = b""
    if whole.eof and not whole.unused_data and len(plain) <= limit:
        return Unpacked(plain)
    del whole, plain
    out: list[bytes] = []
    size = place = members = 0
    while place < len(body):
        if body[place : place + 2] != _GZIP:
            rest = body[place : place + _STEP]
            # Tapes and some writers pad a gzip file with zeros; anything else is a fault.
            fault = "something that is not gzip follows the gzip data" if rest.strip(b"\0") else ""
            return Unpacked(b"".join(out), fault)
        if members > _MEMBERS + size // _MEMBER:
            fault = "it is made of far smaller gzip members than logs are: the rest was given up"
            return Unpacked(b"".join(out), fault)
        members += 1
        member = isal_zlib.decompressobj(wbits=31)
        while not member.eof:
            if place >= len(body):
                return Unpacked(
                    b"".join(out), f"the gzip data is cut off after {len(body):,} bytes"
                )
            # Small steps: `unused_data` copies what is left, which is quadratic over many members.
            step = body[place : place + _STEP]
            place += len(step)
            try:
                piece = member.decompress(step, limit - size + 1)
            except isal_zlib.error:  # type: ignore[misc]  # isal's stub gets its kind wrong
                return Unpacked(b"".join(out), f"the gzip data is damaged near byte {place:,}")
            size += len(piece)
            if size > limit:
                return Unpacked(b"", f"it unpacks to more than the limit of {limit:,} bytes")
            out.append(piece)
        place -= len(member.unused_data)
    return Unpacked(b"".join(out))


def _unmark(body: bytes) -> bytes:
    if body.startswith(_UTF8_MARK):
        return body[len(_UTF8_MARK) :]
    if body.startswith(_UTF16_MARKS):
        # PowerShell's `>` writes UTF-16.
        return body.decode("utf-16", "replace").encode()
    return body
