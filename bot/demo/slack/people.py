"""The cast: who is in the workspace, and how Slack describes them."""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec import Struct

_NAMES = (
    "Ana Lindqvist",
    "Bilal Haddad",
    "Chiara Romano",
    "Dmitri Volkov",
    "Esi Mensah",
    "Farid Nazari",
    "Greta Keller",
    "Hiro Tanaka",
    "Irene Carvalho",
    "Jonas Weber",
    "Kavya Rao",
    "Liam Byrne",
    "Maya Okafor",
    "Nils Berg",
)

_KEYS = ("analyst", "analyst2", "approver", "admin", "guest", "stranger", "deactivated")

_TITLES = {
    "analyst": "SOC analyst",
    "analyst2": "SOC analyst, second shift",
    "approver": "SOC lead",
    "admin": "Workspace admin",
    "guest": "Guest from the outsourced desk",
    "stranger": "Partner, by Slack Connect",
    "deactivated": "Left the company",
}


class DemoPerson(Struct, frozen=True, kw_only=True):
    """Somebody in the workspace. *key* is their part (`analyst`, `guest`, …)."""

    key: str
    id: str
    name: str
    handle: str
    team: str
    title: str

    @property
    def guest(self) -> bool:
        """A single-channel guest."""
        return self.key == "guest"

    @property
    def admin(self) -> bool:
        """May administer the workspace."""
        return self.key == "admin"

    @property
    def deleted(self) -> bool:
        """The account is deactivated."""
        return self.key == "deactivated"

    @property
    def stranger(self) -> bool:
        """From another workspace, by Slack Connect."""
        return self.key == "stranger"


def slack_id(prefix: str, *seed: object) -> str:
    """An id in Slack's form (`U0A1B2C3D4`), the same for the same seed."""
    digest = hashlib.sha256("\n".join(map(str, seed)).encode()).digest()
    number = int.from_bytes(digest[:10])
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    tail = ""
    for _ in range(9):
        number, place = divmod(number, len(letters))
        tail += letters[place]
    return f"{prefix}0{tail}"


def cast(seed: int) -> dict[str, DemoPerson]:
    """The people of a workspace, by key. The seed picks their names and ids."""
    home, elsewhere = slack_id("T", seed, "home"), slack_id("T", seed, "elsewhere")
    people = {}
    for place, key in enumerate(_KEYS):
        name = _NAMES[(seed * 5 + place) % len(_NAMES)]
        people[key] = DemoPerson(
            key=key,
            id=slack_id("U", seed, key),
            name=name,
            handle=name.lower().replace(" ", "."),
            team=elsewhere if key == "stranger" else home,
            title=_TITLES[key],
        )
    return people


def user_object(person: DemoPerson, *, shares_channel: bool) -> dict[str, Any]:
    """*person* as users.info answers. Slack calls strangers only those it shares no channel with.

    A member of another workspace in a shared channel is told apart by *team_id* alone.
    """
    return {
        "id": person.id,
        "team_id": person.team,
        "name": person.handle,
        "deleted": person.deleted,
        "real_name": person.name,
        "tz": "Europe/Zurich",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": {
            "real_name": person.name,
            "real_name_normalized": person.name,
            "display_name": person.name,
            "display_name_normalized": person.name,
            "title": person.title,
            "team": person.team,
        },
        "is_admin": person.admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.guest,
        "is_ultra_restricted": person.guest,
        "is_stranger": person.stranger and not shares_channel,
        "is_bot": False,
        "is_app_user": False,
        "updated": 1700000000,
    }


def bot_object(user: str, bot: str, app: str, team: str, name: str) -> dict[str, Any]:
    """The bot's own user as users.info answers."""
    return {
        "id": user,
        "team_id": team,
        "name": name.lower(),
        "deleted": False,
        "real_name": name,
        "profile": {"real_name": name, "display_name": name, "bot_id": bot, "api_app_id": app},
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": True,
        "is_app_user": False,
        "updated": 1700000000,
    }
