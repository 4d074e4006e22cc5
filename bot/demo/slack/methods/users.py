"""users.*, usergroups.*, auth.test, api.test: who is who."""

from __future__ import annotations

from bot.demo.slack.faults import SlackError
from bot.demo.slack.methods.ask import Ask, Json, Method
from bot.demo.slack.methods.conversations import paged
from bot.demo.slack.people import bot_object, user_object
from bot.demo.slack.workspace import Workspace


def api_test(ask: Ask) -> Json:
    """Answers with what was asked."""
    if ask.text("error"):
        raise SlackError(ask.text("error"), args=dict(ask.args))
    return {"args": dict(ask.args)}


def auth_test(ask: Ask) -> Json:
    """Whose token this is."""
    ws = ask.workspace
    return {
        "url": f"https://{ws.domain}.slack.com/",
        "team": "Callwarden demo",
        "user": ws.manifest.bot_name.lower(),
        "team_id": ws.team,
        "user_id": ws.bot_user,
        "bot_id": ws.bot_id,
        "is_enterprise_install": False,
    }


def user(ask: Ask) -> Json:
    """One user, of this workspace or of one it shares a channel with."""
    ws, wanted = ask.workspace, ask.text("user")
    if wanted == ws.bot_user:
        return {"user": _bot(ws)}
    if wanted not in ws.by_id:
        raise SlackError("user_not_found")
    return {"user": user_object(ws.by_id[wanted], shares_channel=ws.shares_channel(wanted))}


def users(ask: Ask) -> Json:
    """Everybody, page by page; strangers only where a channel is shared with them."""
    ws = ask.workspace
    known = [
        user_object(person, shares_channel=True)
        for person in ws.people.values()
        if not person.stranger or ws.shares_channel(person.id)
    ]
    page, cursor = paged(ask, [*known, _bot(ws)])
    return {
        "members": page,
        "cache_ts": int(ws.times.wall()),
        "response_metadata": {"next_cursor": cursor},
    }


def groups(ask: Ask) -> Json:
    """All user groups, with their members where asked."""
    found = []
    for handle, (group_id, members) in ask.workspace.groups.items():
        group: Json = {
            "id": group_id,
            "team_id": ask.workspace.team,
            "is_usergroup": True,
            "name": handle.replace("-", " ").title(),
            "handle": handle,
            "description": "",
            "date_delete": 0,
            "user_count": len(members),
        }
        found.append(group | ({"users": members} if ask.flag("include_users") else {}))
    return {"usergroups": found}


def group_members(ask: Ask) -> Json:
    """The user ids in a user group."""
    for group_id, members in ask.workspace.groups.values():
        if group_id == ask.text("usergroup"):
            return {"users": list(members)}
    raise SlackError("no_such_subteam")


def _bot(ws: Workspace) -> Json:
    return bot_object(ws.bot_user, ws.bot_id, ws.app_id, ws.team, ws.manifest.bot_name)


METHODS = {
    "api.test": Method(api_test, tier=4, token="none"),  # noqa: S106 - needs no token
    "auth.test": Method(auth_test),
    "users.info": Method(user, "users:read", tier=4),
    "users.list": Method(users, "users:read", tier=2),
    "usergroups.list": Method(groups, "usergroups:read", tier=2),
    "usergroups.users.list": Method(group_members, "usergroups:read", tier=2),
}
