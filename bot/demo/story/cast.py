"""Who is in the story, and where: people, two instances, two accounts."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence

from msgspec import Struct

ACCOUNT = "111122223333"
TRAINING_ACCOUNT = "444455556666"
REGION = "eu-central-1"
REPLICA_REGION = "eu-west-2"
GLOBAL_REGION = "us-east-1"


class Instance(Struct, frozen=True):
    """A Connect instance."""

    name: str
    id: str
    account: str

    def arn(self, region: str = REGION) -> str:
        """Its ARN; the replica of an instance has the same id in another Region."""
        return f"arn:aws:connect:{region}:{self.account}:instance/{self.id}"


PROD = Instance("prod", "1f0e2d3c-4b5a-4697-8877-665544332211", ACCOUNT)
TRAINING = Instance("training", "2a3b4c5d-6e7f-4081-92a3-b4c5d6e7f809", TRAINING_ACCOUNT)

_FIRST = [
    "Alex",
    "Amara",
    "Bela",
    "Carla",
    "Chidi",
    "Dana",
    "Elif",
    "Farid",
    "Goran",
    "Hana",
    "Irina",
    "Jonas",
    "Kaya",
    "Lena",
    "Malik",
    "Nadia",
    "Olga",
    "Priya",
    "Quinn",
    "Rosa",
    "Sami",
    "Tomas",
    "Uma",
    "Vera",
    "Wen",
    "Yara",
]
_LAST = [
    "Abel",
    "Berger",
    "Costa",
    "Diallo",
    "Egger",
    "Fischer",
    "Garcia",
    "Huber",
    "Ivanov",
    "Jansen",
    "Keller",
    "Lopez",
    "Meier",
    "Novak",
    "Okafor",
    "Petrov",
    "Rossi",
    "Schmid",
    "Tanaka",
    "Usman",
    "Vogel",
    "Weber",
    "Yilmaz",
    "Zeller",
]


class Person(Struct, frozen=True):
    """Somebody with a user of the instance. *user_id* is Connect's id of that user."""

    first: str
    last: str
    user_id: str
    ip: str

    @property
    def username(self) -> str:
        """As in the instance and in the identity provider."""
        return f"{self.first}.{self.last}".lower()

    @property
    def email(self) -> str:
        """The address at work."""
        return f"{self.username}@example.com"


class Cast(Struct, frozen=True):
    """Everyone. *ghost* is the session of an emergency login, which is no user of the instance;
    *outside* and *outside_later* are addresses that nobody of the house has used.
    """

    agents: tuple[Person, ...]
    leads: tuple[Person, ...]
    admin: Person
    developer: Person
    helpdesk: Person
    supplier: Person
    ghost: str
    outside: str
    outside_later: str


def new_id(rng: random.Random) -> str:
    """A UUID that the seed decides."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def choose(rng: random.Random) -> Cast:
    """A cast for this seed: no two people share a name or an address."""
    names = [(first, last) for first in _FIRST for last in _LAST]
    rng.shuffle(names)
    office = rng.sample(range(10, 250), 12)
    remote = rng.sample(range(10, 250), 4)
    outside = rng.sample(range(10, 250), 2)
    in_office = [_person(rng, names.pop(), f"192.0.2.{host}") for host in office]
    at_home = [_person(rng, names.pop(), f"198.51.100.{host}") for host in remote]
    return Cast(
        agents=tuple(in_office[:10]),
        leads=tuple(in_office[10:]),
        admin=at_home[0],
        developer=at_home[1],
        helpdesk=at_home[2],
        supplier=at_home[3],
        ghost=new_id(rng),
        outside=f"203.0.113.{outside[0]}",
        outside_later=f"2001:db8:{outside[1]:x}::17",
    )


def newcomer(rng: random.Random, cast: Cast) -> Person:
    """Somebody who is not yet there: with a name and an address that nobody in *cast* has."""
    known = (*cast.agents, *cast.leads, cast.admin, cast.developer, cast.helpdesk, cast.supplier)
    names = {(one.first, one.last) for one in known}
    addresses = {one.ip for one in known}
    free = [(first, last) for first in _FIRST for last in _LAST if (first, last) not in names]
    desks = [host for host in range(10, 250) if f"192.0.2.{host}" not in addresses]
    return _person(rng, rng.choice(free), f"192.0.2.{rng.choice(desks)}")


def _person(rng: random.Random, name: Sequence[str], ip: str) -> Person:
    return Person(name[0], name[1], new_id(rng), ip)
