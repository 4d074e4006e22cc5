"""The owner and the country of an address, from files as they are sold and given away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.detection.origin import NOWHERE, Origin, nowhere, origins
from bot.errors import BadInput
from tests.detection.mmdb import database

ASN = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}
COUNTRY = {"country": {"iso_code": "DE", "names": {"en": "Germany"}}}
EXAMPLE = Origin("AS64500", "Example", "DE")


def made(folder: Path, name: str, networks: dict[str, Any], version: int = 6) -> Path:
    """A file."""
    path = folder / name
    path.write_bytes(database(networks, version))
    return path


@pytest.mark.parametrize(
    "value",
    [
        {**ASN, **COUNTRY},
        {"traits": ASN, **COUNTRY},
        {"asn": "AS64500", "as_name": "Example", "country": "DE"},
        {"asn": "AS64500", "as_name": "Example", "country_code": "DE", "country": None},
        {**ASN, "registered_country": {"iso_code": "DE"}},
    ],
)
def test_the_fields_of_several_makers_are_read(tmp_path: Path, value: dict[str, Any]) -> None:
    """MaxMind's and IPinfo's."""
    value = {key: one for key, one in value.items() if one is not None}
    look_up = origins([made(tmp_path, "one.mmdb", {"203.0.113.0/24": value})])
    assert look_up("203.0.113.77") == EXAMPLE
    assert EXAMPLE.text == "AS64500 Example, DE"


@pytest.mark.parametrize("version", [4, 6])
def test_what_is_not_in_the_file_is_nowhere(tmp_path: Path, version: int) -> None:
    """Private addresses, services' names, nonsense; and IPv6 in a file for IPv4."""
    look_up = origins([made(tmp_path, "one.mmdb", {"203.0.113.0/24": ASN}, version)])
    for address in ("10.0.0.1", "connect.amazonaws.com", "AWS Internal", "", "2001:db8::1"):
        assert look_up(address) == NOWHERE
    assert look_up("203.0.113.1").asn == "AS64500"


def test_ipv6_is_found(tmp_path: Path) -> None:
    """By its own prefix."""
    look_up = origins([made(tmp_path, "one.mmdb", {"2001:db8::/32": COUNTRY})])
    assert look_up("2001:db8:1::7").text == "DE"
    assert look_up("2001:db9::7") == NOWHERE


def test_several_files_add_up(tmp_path: Path) -> None:
    """The free ones know either the owner or the country."""
    one = made(tmp_path, "asn.mmdb", {"203.0.113.0/24": ASN})
    other = made(tmp_path, "country.mmdb", {"203.0.113.0/24": COUNTRY, "192.0.2.0/24": COUNTRY})
    look_up = origins([one, other])
    assert look_up("203.0.113.7") == EXAMPLE
    assert look_up("192.0.2.7").text == "DE"


def test_without_a_file_everything_is_nowhere() -> None:
    """And nothing is asked."""
    assert origins([]) is nowhere
    assert nowhere("203.0.113.7").text == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [(None, "No such file or directory"), (b"", "no MaxMind DB file"), (b"x" * 99, "no MaxMind")],
)
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, body: bytes | None, said: str) -> None:
    """By its name, and why."""
    path = tmp_path / "broken.mmdb"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(BadInput, match=said) as caught:
        origins([path])
    assert "broken.mmdb" in str(caught.value)


def test_a_damaged_file_stops_no_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the tree leads out of the data, the address has no origin."""
    path = made(tmp_path, "one.mmdb", {"203.0.113.0/24": ASN}, 4)
    body = path.read_bytes()
    # The last node's record points far behind the file's end.
    cut = body.index(bytes(16))
    path.write_bytes(body[: cut - 3] + b"\xff\xff\xff" + body[cut:])
    look_up = origins([path])
    assert [look_up(f"203.0.113.{last}") for last in (1, 255)] == [NOWHERE, NOWHERE]
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    assert "one.mmdb is damaged" in caplog.text
