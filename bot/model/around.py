"""What happened around a record."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Tie(StrEnum):
    """What other records share with the one that is looked into."""

    ACTOR = "actor"
    TARGET = "target"
    ADDRESS = "address"


class Calls(Struct, frozen=True, kw_only=True):
    """How often a call was made, and how often it was refused."""

    name: str
    times: int
    refused: int = 0


class Around(Struct, frozen=True, kw_only=True):
    """The calls with the same *tie* within *minutes* before and after, the commonest first.

    *times* and *refused* count all of them, also those whose names are not in *calls*.
    """

    tie: Tie
    minutes: int
    times: int
    refused: int
    calls: tuple[Calls, ...] = ()


class Dot(Struct, frozen=True, kw_only=True):
    """The calls of one second. *at* is ISO; *own* says that one of them is in the alert."""

    at: str
    times: int
    refused: int = 0
    own: bool = False


class Track(Struct, frozen=True, kw_only=True):
    """The calls that share *tie*, oldest first; *name* is what they share, fit to be shown."""

    tie: Tie
    name: str
    dots: tuple[Dot, ...] = ()


class Timeline(Struct, frozen=True, kw_only=True):
    """What happened within *minutes* before and after *middle* (ISO).

    *zone* is the reader's time zone (IANA), "" where it is not known.
    """

    middle: str
    minutes: int
    tracks: tuple[Track, ...] = ()
    zone: str = ""


class Neighbour(Struct, frozen=True, kw_only=True):
    """A record that shares *ties* with the one that is looked into: when (ISO) which call was made,
    and the error it was refused with, "" where it succeeded.
    """

    time: str
    name: str
    error_code: str
    ties: tuple[Tie, ...]


class Related(Struct, frozen=True, kw_only=True):
    """The *nearest* records that share a tie within *minutes* before and after, newest first.

    *more* counts those beside them; *at_least* where it stopped counting.
    """

    minutes: int
    nearest: tuple[Neighbour, ...] = ()
    more: int = 0
    at_least: bool = False
