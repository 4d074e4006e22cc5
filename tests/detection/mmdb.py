"""Writes MaxMind DB files, version 2.0 of the format: small ones, for tests."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import Any

_MARK = b"\xab\xcd\xefMaxMind.com"
_RECORD = 24


def database(networks: Mapping[str, Mapping[str, Any]], version: int = 6) -> bytes:
    """The file in which each of *networks* (`203.0.113.0/24`) has its value."""
    nodes: list[list[int | None]] = [[None, None]]
    values: list[int] = []
    data = b""
    for text, value in networks.items():
        number = len(values)
        values.append(len(data))
        data += _encoded(value)
        _insert(nodes, _bits(text, version), -1 - number)
    tree = b"".join(
        _pointer(side, len(nodes), values).to_bytes(3, "big") for node in nodes for side in node
    )
    metadata = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_790_000_000,
        "database_type": "Test-Origin",
        "description": {"en": "made by a test"},
        "ip_version": version,
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": _RECORD,
    }
    return tree + bytes(16) + data + _MARK + _encoded(metadata)


def _bits(network: str, version: int) -> str:
    parsed = ipaddress.ip_network(network)
    bits = f"{int(parsed.network_address):0{parsed.max_prefixlen}b}"[: parsed.prefixlen]
    # In a tree for IPv6, IPv4 lies under ::/96.
    return "0" * 96 + bits if version == 6 and parsed.version == 4 else bits


def _insert(nodes: list[list[int | None]], bits: str, value: int) -> None:
    at = 0
    for bit in map(int, bits[:-1]):
        after = nodes[at][bit]
        if after is None:
            nodes.append([None, None])
            after = nodes[at][bit] = len(nodes) - 1
        at = after
    nodes[at][int(bits[-1])] = value


def _pointer(side: int | None, count: int, values: list[int]) -> int:
    if side is None:
        return count
    return side if side >= 0 else count + 16 + values[-1 - side]


def _encoded(value: Any) -> bytes:
    if isinstance(value, Mapping):
        pairs = b"".join(_encoded(key) + _encoded(one) for key, one in value.items())
        return _control(7, len(value)) + pairs
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_encoded, value))
    if isinstance(value, str):
        body = value.encode()
        return _control(2, len(body)) + body
    return _control(6, 4) + struct.pack(">I", value)


def _control(kind: int, size: int) -> bytes:
    more = b""
    if size >= 29:
        size, more = 29, bytes([size - 29])
    if kind > 7:
        return bytes([size, kind - 7]) + more
    return bytes([kind << 5 | size]) + more
