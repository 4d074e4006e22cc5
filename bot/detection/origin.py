"""Where an address is: its network's owner and its country, from MaxMind DB files.

What the files' fields are called is MaxMind's (GeoLite2 and GeoIP2: ASN, Country, City, ISP,
Enterprise) or IPinfo's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from bot.errors import BadInput

if TYPE_CHECKING:
    from maxminddb import Reader

log = logging.getLogger(__name__)

_ADDRESSES = 20_000
"""Addresses whose origin is remembered."""
_LONGEST = 60
"""Characters of an owner's name."""


class Origin(Struct, frozen=True, gc=False):
    """Of an address: `AS64500`, its owner's name, `DE`; each "" where it is not known."""

    asn: str = ""
    owner: str = ""
    country: str = ""

    @property
    def text(self) -> str:
        """`AS64500 Example, DE`."""
        network = f"{self.asn} {self.owner}".strip()
        return ", ".join(part for part in (network, self.country) if part)


NOWHERE = Origin()

OriginOf: TypeAlias = Callable[[str], Origin]
"""Of an address as a record has it. Never raises; what is not known is NOWHERE."""


def nowhere(address: str) -> Origin:
    """`OriginOf` without a file."""
    return NOWHERE


def origins(files: Sequence[Path]) -> OriginOf:
    """Who tells the origin of addresses by *files*, the first that knows a field.

    Raises BadInput where one cannot be read. They are read whole: what is written over a file
    later changes nothing before a restart.
    """
    if not files:
        return nowhere
    readers = [(file, _opened(file)) for file in files]
    damaged: set[Path] = set()

    @lru_cache(maxsize=_ADDRESSES)
    def look_up(address: str) -> Origin:
        try:
            parsed = ip_address(address)
        except ValueError:
            return NOWHERE  # a service's name
        found = [_look(*one, parsed, damaged) for one in readers]
        return Origin(
            asn=next((one.asn for one in found if one.asn), ""),
            owner=next((one.owner for one in found if one.owner), ""),
            country=next((one.country for one in found if one.country), ""),
        )

    return look_up


def _opened(file: Path) -> Reader:
    where = "baseline.geo_database"
    try:
        import maxminddb
    except ImportError as error:
        raise BadInput(
            "[baseline] geo_database needs the package maxminddb: pip install 'callwarden[geo]'.",
            where=where,
        ) from error
    try:
        # In memory: a file that is written over while it is mapped would end the program.
        return maxminddb.open_database(file, maxminddb.MODE_MEMORY)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no MaxMind DB file"
        raise BadInput(f"{file} cannot be read: {why}.", where=where) from error


def _look(
    file: Path, reader: Reader, address: IPv4Address | IPv6Address, damaged: set[Path]
) -> Origin:
    if address.version > reader.metadata().ip_version:
        return NOWHERE
    try:
        found = reader.get(address)
    except Exception as error:  # noqa: BLE001 - an address without an origin is judged all the same
        if file not in damaged:
            damaged.add(file)
            log.warning("%s is damaged: it cannot tell of %s: %s", file, address, error)
        return NOWHERE
    return _read(found) if isinstance(found, dict) else NOWHERE


def _read(found: dict[str, Any]) -> Origin:
    traits = found.get("traits")
    network = {**traits, **found} if isinstance(traits, dict) else found
    number = network.get("autonomous_system_number")
    asn = f"AS{number}" if isinstance(number, int) else _word(network.get("asn"))
    owner = _word(network.get("autonomous_system_organization")) or _word(network.get("as_name"))
    country = found.get("country") or found.get("registered_country") or found.get("country_code")
    if isinstance(country, dict):
        country = country.get("iso_code")
    return Origin(asn, owner, _word(country))


def _word(value: object) -> str:
    return " ".join(value.split())[:_LONGEST] if isinstance(value, str) else ""
