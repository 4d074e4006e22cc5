"""files.*: upload by an URL, and delete."""

from __future__ import annotations

from bot.demo.slack.faults import SlackError
from bot.demo.slack.methods.ask import Ask, Json, Method


def upload_url(ask: Ask) -> Json:
    """Where to POST the bytes of a new file."""
    name, length = ask.text("filename"), ask.number("length", 0)
    if not name or length <= 0:
        raise SlackError("missing_argument")
    if len(ask.text("alt_txt")) > 1000:
        raise SlackError("alt_txt_too_large")
    file, key = ask.workspace.files.announce(name, length)
    return {"upload_url": f"{ask.workspace.url}upload/{key}", "file_id": file.id}


def complete(ask: Ask) -> Json:
    """End the upload. Without a channel the files are the app's alone, which is all we know."""
    named = ask.tree("files", "invalid_arguments")
    if not isinstance(named, list) or not named or ask.text("channel_id"):
        raise SlackError("invalid_arguments")
    files = [ask.workspace.files.complete(str(one.get("id"))) for one in named]
    # The kind of a file is found out later, as with Slack.
    return {"files": [{"id": file.id, "title": file.name, "mimetype": ""} for file in files]}


def delete(ask: Ask) -> Json:
    """Take a file away."""
    ask.workspace.files.delete(ask.text("file"))
    return {}


METHODS = {
    "files.getUploadURLExternal": Method(upload_url, "files:write", tier=4),
    "files.completeUploadExternal": Method(complete, "files:write", tier=4),
    "files.delete": Method(delete, "files:write", tier=3),
}
