"""Files: uploaded by an unmodified WebClient, shown in a modal, served to the page."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.slack import Limits, SlackServer
from tests.demo.slack.made import ALERTS, MANIFEST, button, card, refusal

PNG = b"\x89PNG\r\n\x1a\n and so on"


def view(file: str) -> dict[str, Any]:
    """A modal with a picture."""
    image = {"type": "image", "slack_file": {"id": file}, "alt_text": "words"}
    return {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [image]}


def uploaded(client: WebClient) -> str:
    """The id of a private file."""
    file: str = client.files_upload_v2(filename="a.png", content=PNG)["files"][0]["id"]
    return file


def trigger(slack: SlackServer, client: WebClient) -> str:
    """Somebody presses a button."""
    blocks = card(button("look"))
    ts = client.chat_postMessage(channel=slack.channels[ALERTS], text="A card", blocks=blocks)["ts"]
    found: str = slack.press("analyst", ALERTS, ts, "look").payload["trigger_id"]
    return found


def shown(slack: SlackServer, client: WebClient, file: str) -> str:
    """What Slack says against a modal with this picture; "" where it is open."""
    pressed = trigger(slack, client)
    try:
        client.views_open(trigger_id=pressed, view=view(file))
    except SlackApiError as error:
        return str(error.response["error"])
    return ""


def got(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and body."""
    try:
        with urllib.request.urlopen(url, body, timeout=5) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""


def test_slacks_own_client_uploads_and_the_page_shows_it(
    slack: SlackServer, client: WebClient
) -> None:
    """The bytes come back as they went; a file that is deleted is gone."""
    file = uploaded(client)
    assert [one.content for one in slack.files()] == [PNG]
    assert got(f"{slack.page_url}page/file/{file}") == (200, PNG)

    client.files_delete(file=file)
    assert got(f"{slack.page_url}page/file/{file}")[0] == 404
    assert refusal(lambda: client.files_delete(file=file)) == "file_not_found"


@pytest.mark.parametrize(("seconds", "said"), [(3600, "invalid_arguments"), (0, "")])
def test_a_file_is_shown_only_some_moments_after_its_upload(seconds: float, said: str) -> None:
    """Slack takes it in after it has answered; until then the block is refused."""
    limits = Limits(enforced=False, file_seconds=seconds)
    with SlackServer(manifest=MANIFEST, limits=limits) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        assert shown(slack, client, uploaded(client)) == said


def test_a_file_that_is_not_there_is_refused(slack: SlackServer, client: WebClient) -> None:
    """Neither a made-up id nor an upload that was never completed can be shown."""
    begun = client.files_getUploadURLExternal(filename="a.png", length=len(PNG))
    for file in ("F0NONE", str(begun["file_id"])):
        assert shown(slack, client, file) == "invalid_arguments"


def test_the_bytes_must_be_those_announced(slack: SlackServer, client: WebClient) -> None:
    """A wrong length, a made-up key and a second use are turned away."""
    begun = client.files_getUploadURLExternal(filename="a.png", length=len(PNG))
    url: str = begun["upload_url"]
    assert got(url, PNG[1:])[0] == 404
    assert got(f"{slack.page_url}upload/guessed", PNG)[0] == 404
    assert got(url, PNG)[0] == 200
    assert got(url, PNG)[0] == 404


def test_files_need_their_scope() -> None:
    """As Slack does: the scope that is missing is named."""
    manifest = MANIFEST.replace("files:write, ", "")
    with SlackServer(manifest=manifest, limits=Limits.off()) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        assert refusal(lambda: uploaded(client)) == "missing_scope"


@pytest.mark.parametrize("name", ["", "a.png"])
def test_nothing_is_no_file(client: WebClient, name: str) -> None:
    """A name and a length above 0 are needed."""
    said = refusal(lambda: client.files_getUploadURLExternal(filename=name, length=0))
    assert said == "missing_argument"
