"""Which ports a call to EC2 opens to everybody, rule of the security group by rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from bot.detection.document import Document, text

_CIDRS = frozenset({"cidrip", "cidripv4", "cidripv6"})
_PORTS = frozenset({"ipprotocol", "fromport", "toport"})
_PROTOCOLS = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_EVERYBODY = {4: 8, 6: 16}
"""Bits of a network's prefix up to which it is as good as everybody: 0.0.0.0/1 and 128.0.0.0/1
together are the internet too."""

_INSIDE = (ip_network("10.0.0.0/8"), ip_network("fc00::/7"), ip_network("fe80::/10"))
_HARMLESS = re.compile(r"^(?:tcp|udp)/(?:80-80|443-443)$|^icmp(?:v6)?(?:/|$)")
_EVERY_PORT = "0-65535"


def open_ports(document: Document) -> list[str]:
    """What the parameters open to everybody: `tcp/22-443`, `icmp/8-0`, `all`. The words of
    AuthorizeSecurityGroupIngress (flat or listed) and ModifySecurityGroupRules are read."""
    return list(dict.fromkeys(_opened(document.get("requestParameters"))))


def other_ports(document: Document) -> list[str]:
    """`open_ports` without a website's and ping."""
    return [port for port in open_ports(document) if not _HARMLESS.match(port)]


def _opened(holder: object) -> Iterator[str]:
    stack = [holder]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            # The parameters may name a flat rule and a list of others beside it.
            stack.extend(item.values())
            lowered = {key.lower(): value for key, value in item.items()}
            if not _PORTS.isdisjoint(lowered) and any(map(_is_everybody, _networks(lowered))):
                yield _port(lowered)


def _networks(rule: dict[str, object]) -> Iterator[object]:
    """The networks of *rule*, not those of rules within it."""
    stack: list[object] = [rule]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            lowered = {key.lower(): value for key, value in item.items()}
            if item is rule or _PORTS.isdisjoint(lowered):
                yield from (lowered[key] for key in _CIDRS & lowered.keys())
                stack.extend(lowered.values())


def _is_everybody(network: object) -> bool:
    try:
        found: IPv4Network | IPv6Network = ip_network(text(network), strict=False)
    except ValueError:
        return False
    return found.prefixlen <= _EVERYBODY[found.version] and found not in _INSIDE


def _port(rule: dict[str, object]) -> str:
    protocol = text(rule.get("ipprotocol")).lower() or "all"
    protocol = _PROTOCOLS.get(protocol, protocol)
    if protocol == "all":
        return "all"
    first, last = (_number(rule.get(key)) for key in ("fromport", "toport"))
    if protocol in ("tcp", "udp") and (first is None or last is None or first < 0 or last < 0):
        return f"{protocol}/{_EVERY_PORT}"
    return protocol if first is None else f"{protocol}/{first}-{last}"


def _number(value: object) -> int | None:
    try:
        return int(text(value))
    except ValueError:
        return None
