"""What one value alone does not show: ids, names given twice, who may act, the environment."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bot.model import Allowed, Override, Verb
from bot.settings.faults import SettingFault, hint
from bot.settings.routes import check_routes
from bot.settings.sources import check_sources
from bot.settings.tables import (
    JobsSettings,
    PagingSettings,
    QuietSettings,
    RulesSettings,
)

ENVIRONMENT = {
    "SLACK_BOT_TOKEN": "the bot token (xoxb-…) from your Slack app's OAuth & Permissions page",
    "SLACK_APP_TOKEN": "the app-level token (xapp-…) with connections:write from Basic Information",
}

_GEO_MARK = b"\xab\xcd\xefMaxMind.com"
_GEO_METADATA = 128 * 1024
"""Bytes at the end of a MaxMind DB file within which its mark is, by the format."""

_SHOWN = 80
"""Characters of a value that a fault repeats."""


def check_allowed(allowed: Allowed, where: str, faults: list[SettingFault]) -> None:
    """Ids must look like Slack's, and only looking is for everyone."""
    if allowed.everyone and where != f"people.{Verb.LOOK}":
        what = f"Only [people.{Verb.LOOK}] may name everyone."
        mend = f'Drop it and name who may in [{where}]: users = ["U…"] or groups = ["S…"].'
        faults.append(SettingFault(f"{where}.everyone", what, mend))
    for user in allowed.users:
        if not re.fullmatch(r"[UW][A-Z0-9]{2,}", user):
            mend = "Use the member ID from the person's Slack profile (⋮ → Copy member ID)."
            faults.append(SettingFault(f"{where}.users", f"{user!r} is no Slack user id.", mend))
    for group in allowed.groups:
        if not re.fullmatch(r"S[A-Z0-9]{2,}", group):
            mend = "Use the user group's ID; it begins with S."
            faults.append(SettingFault(f"{where}.groups", f"{group!r} is no user group id.", mend))


def check_whole(kept: dict[str, Any], data: dict[str, Any], faults: list[SettingFault]) -> None:
    """What one value alone does not show; *data*, as a fault may have dropped its whole table."""
    jobs: JobsSettings = kept.get("jobs", JobsSettings())
    _check_zone(jobs.timezone, "jobs.timezone", faults)
    _check_quiet(data, faults)
    _check_pages(kept, data, faults)
    _check_people(kept.get("people"), faults)
    _check_paths(kept["home"], data, faults)
    _check_geo(kept["home"], data, faults)
    check_routes(data, faults)
    check_sources(data, faults)
    for name, key in (("source", "queue_url"), ("instance", "id")):
        values = _texts(data, name, key)
        for twice in sorted({v for v in values if values.count(v) > 1}):
            faults.append(
                SettingFault(f"[[{name}]]", f"{key} {twice!r} stands twice.", "Drop one.")
            )


def _check_zone(name: str, where: str, faults: list[SettingFault]) -> None:
    from zoneinfo import ZoneInfo  # slow to import, and needed only here

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        mend = (
            "Use an IANA name such as Europe/Zurich; a machine without time zones of its own "
            "needs `pip install tzdata`."
        )
        faults.append(SettingFault(where, f"{_shown(name)} is no time zone.", mend))


def _check_quiet(data: dict[str, Any], faults: list[SettingFault]) -> None:
    """Hours without a zone say nothing, and an office opens before it closes."""
    quiet = data.get("quiet")
    if not isinstance(quiet, dict):
        return
    if "timezone" not in quiet:
        faults.append(SettingFault("quiet.timezone", "This is missing.", hint("quiet.timezone")))
    for zone in _texts(data, "quiet", "timezone"):
        _check_zone(zone, "quiet.timezone", faults)
    usual = QuietSettings()
    start, end = quiet.get("from", usual.start), quiet.get("to", usual.end)
    malformed = {fault.where for fault in faults} & {"quiet.from", "quiet.to"}
    if not malformed and start >= end:
        mend = "Let it be later than from, on the same day."
        faults.append(SettingFault("quiet.to", f"{end} is not after {start}.", mend))


def _check_pages(kept: dict[str, Any], data: dict[str, Any], faults: list[SettingFault]) -> None:
    """A page needs a topic, which is in one Region only."""
    paging: PagingSettings = kept.get("paging", PagingSettings())
    topic = paging.sns_topic or ""
    if topic and paging.region and topic.split(":")[3] != paging.region:
        what = f"The topic is in {topic.split(':')[3]}."
        faults.append(SettingFault("paging.region", what, "Drop it, or name that one."))
    if _texts(data, "paging", "sns_topic"):
        return  # it is there, if perhaps wrong
    steps = data.get("escalate")
    for place, step in enumerate(steps if isinstance(steps, list) else [], 1):
        if isinstance(step, dict) and isinstance(step.get("to"), list) and "page" in step["to"]:
            what = "There is no topic to page."
            mend = "Set sns_topic under [paging], or drop it."
            faults.append(SettingFault(f"[[escalate]] {place}, to", what, mend))


def _check_paths(home: Path, data: dict[str, Any], faults: list[SettingFault]) -> None:
    """The store may still have to be made, a folder of rules must be there."""
    for path in _texts(data, "store", "path"):
        if why := _unusable(home, path):
            what = f"{_shown(path)} cannot be used: {why}."
            faults.append(SettingFault("store.path", what, "Name a file that can be made."))
    for folder in _texts(data, "rules", "folders"):
        if not _is_folder(home, folder):
            why = _unusable(home, folder)
            what = f"{_shown(folder)} is no folder{why and f': {why}'}."
            faults.append(SettingFault("rules.folders", what, "Make it or drop it."))


def _check_geo(home: Path, data: dict[str, Any], faults: list[SettingFault]) -> None:
    """Files that tell where addresses are must be there, be such files, and have their reader."""
    where = "baseline.geo_database"
    files = _texts(data, "baseline", "geo_database")
    if files and importlib.util.find_spec("maxminddb") is None:
        mend = "Run pip install 'callwarden[geo]', or drop it."
        faults.append(SettingFault(where, "This needs the package maxminddb.", mend))
    for file in files:
        if why := _unusable(home, file) or _no_geo_database(home / Path(file).expanduser()):
            what = f"{_shown(file)} cannot be read: {why}."
            faults.append(SettingFault(where, what, "Name a MaxMind DB file, or drop it."))


def _no_geo_database(file: Path) -> str:
    """Why it cannot be one, or "". The mark stands before the metadata at the end."""
    try:
        with file.open("rb") as body:
            body.seek(0, os.SEEK_END)
            body.seek(max(0, body.tell() - _GEO_METADATA))
            return "" if _GEO_MARK in body.read() else "it is no MaxMind DB file"
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()


def _unusable(home: Path, path: str) -> str:
    """Why the system can do nothing with *path*, or ""; one that is not there is no fault."""
    try:
        os.stat(home / Path(path).expanduser())
    except FileNotFoundError:
        return ""
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    except RuntimeError:
        return "there is no such home folder"
    except ValueError:
        return "it holds a character that no file's name may hold"
    return ""


def _is_folder(home: Path, path: str) -> bool:
    return not _unusable(home, path) and (home / Path(path).expanduser()).is_dir()


def _shown(text: str) -> str:
    """*text* in quotes, not too much of it."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _texts(data: dict[str, Any], table: str, key: str) -> list[str]:
    """The strings under *key* of a table, or of each of a list of tables; others are no strings."""
    tables = data.get(table)
    values: list[Any] = []
    for one in tables if isinstance(tables, list) else [tables]:
        value = one.get(key) if isinstance(one, dict) else None
        values += value if isinstance(value, list) else [value]
    return [value for value in values if isinstance(value, str)]


def rules_named(home: Path, data: dict[str, Any]) -> RulesSettings:
    """The folders of rules that are there and the rules that are named, whatever else is wrong."""
    folders = _texts(data, "rules", "folders")
    rules = data.get("rules")
    override = rules.get("override") if isinstance(rules, dict) else None
    names = override if isinstance(override, dict) else {}
    return RulesSettings(
        folders=tuple(folder for folder in folders if _is_folder(home, folder)),
        disabled=tuple(_texts(data, "rules", "disabled")),
        override={str(name): _override(table) for name, table in names.items()},
    )


def _override(table: object) -> Override:
    """What *table* says; of one that is wrong, which is said elsewhere, the name alone counts."""
    try:
        return msgspec.convert(table, Override)
    except msgspec.ValidationError:
        return Override()


_LIKE = {
    Verb.HAND_OVER: Verb.TAKE,
    Verb.NOTE: Verb.TAKE,
    Verb.REOPEN: Verb.RESOLVE,
    Verb.SNOOZE: Verb.TAKE,
    Verb.AGREE: Verb.RESOLVE,
    Verb.WAKE: Verb.TAKE,
    Verb.EXCEPT: Verb.TAKE,
    Verb.AGREE_EXCEPT: Verb.RESOLVE,
    Verb.UNEXCEPT: Verb.TAKE,
    Verb.RELOAD: Verb.RESOLVE,
}
"""Who may do the one may do the other, unless the settings say otherwise."""


def _check_people(people: dict[Verb, Allowed] | None, faults: list[SettingFault]) -> None:
    """Nobody may act unless named, so naming nobody is a fault; looking follows acting."""
    if people is None:
        return
    for verb in (Verb.TAKE, Verb.RESOLVE):
        allowed = people.get(verb)
        if any(fault.where.startswith(f"people.{verb}") for fault in faults):
            continue  # who may is written there, only wrongly
        if allowed is None or allowed == Allowed():
            mend = f'Write [people.{verb}] with users = ["U…"] or groups = ["S…"].'
            faults.append(SettingFault(f"people.{verb}", f"Nobody may {verb} an alert.", mend))
    for verb, like in _LIKE.items():
        if like in people:
            people.setdefault(verb, people[like])
    if Verb.LOOK not in people:
        acting = [people[verb] for verb in people]
        people[Verb.LOOK] = Allowed(
            users=tuple(sorted({user for one in acting for user in one.users})),
            groups=tuple(sorted({group for one in acting for group in one.groups})),
        )


def check_environment(kept: dict[str, Any], faults: list[SettingFault]) -> None:
    """The tokens are there, can stand in a request's header and go to Slack alone."""
    shapes = {"SLACK_BOT_TOKEN": ("bot_token", "xoxb-"), "SLACK_APP_TOKEN": ("app_token", "xapp-")}
    for name, (field, head) in shapes.items():
        text = kept[field].reveal()
        if not text:
            fault = SettingFault(f"environment {name}", "It is not set.", f"Set it to {_env(name)}")
            faults.append(fault)
        elif not text.startswith(head):
            what = f"It does not begin with {head}."
            faults.append(SettingFault(f"environment {name}", what, f"Set it to {_env(name)}"))
        elif not re.fullmatch(r"[!-~]+", text):
            # http.client would refuse such a header, and show all of it.
            what = "It holds a space, a line break or another sign that no token has."
            faults.append(SettingFault(f"environment {name}", what, f"Set it to {_env(name)}"))
    if not _is_safe(kept["api_url"]):
        faults.append(
            SettingFault(
                "environment SLACK_API_BASE_URL",
                "It would send the token over an open connection.",
                "Use https, or http on 127.0.0.1, or unset it.",
            )
        )


def _is_safe(api_url: str) -> bool:
    try:
        url = urlsplit(api_url)
        loopback = url.hostname in {"127.0.0.1", "localhost", "::1"}
    except ValueError:
        return False
    return (url.scheme == "https" and bool(url.hostname)) or (url.scheme == "http" and loopback)


def _env(name: str) -> str:
    return f"{ENVIRONMENT[name]}."
