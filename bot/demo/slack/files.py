"""Files in the workspace: announced, filled by a POST, completed, deleted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.demo.slack.faults import SlackError

if TYPE_CHECKING:
    from bot.demo.slack.workspace import Workspace

Json = dict[str, Any]


@dataclass
class StoredFile:
    """A file. Where it is not complete nobody sees it; *ready* is when blocks may name it."""

    id: str
    name: str
    length: int
    content: bytes = b""
    complete: bool = False
    ready: float = 0.0


class Files:
    """The files of the one app that is here. All methods want the workspace's lock held."""

    def __init__(self, workspace: Workspace) -> None:
        self._home = workspace
        self._files: dict[str, StoredFile] = {}
        self._places: dict[str, str] = {}

    def announce(self, name: str, length: int) -> tuple[StoredFile, str]:
        """A new file, and the key of the URL that takes its bytes."""
        file = StoredFile(self._home.serial("F"), name, length)
        key = secrets.token_urlsafe(24)
        self._files[file.id], self._places[key] = file, file.id
        return file, key

    def fill(self, key: str, content: bytes) -> bool:
        """Take the bytes; False where the key is not good, or they are not as many as announced."""
        file = self._files.get(self._places.get(key, ""))
        if file is None or len(content) != file.length:
            return False
        del self._places[key]
        file.content = content
        return True

    def complete(self, file_id: str) -> StoredFile:
        """The upload is over. Blocks may name the file a little later. Raises SlackError."""
        file = self._files.get(file_id)
        if file is None or not file.content:
            raise SlackError("file_not_found")
        file.complete = True
        file.ready = self._home.times.steady() + self._home.limits.file_seconds
        return file

    def delete(self, file_id: str) -> None:
        """Take the file away. Raises SlackError."""
        if self._files.pop(file_id, None) is None:
            raise SlackError("file_not_found")

    def find(self, file_id: str) -> StoredFile | None:
        """The file, where it is complete."""
        file = self._files.get(file_id)
        return file if file and file.complete else None

    def all(self) -> list[StoredFile]:
        """Every file that is complete, the oldest first."""
        return [file for file in self._files.values() if file.complete]

    def faults(self, blocks: list[Json], at: str) -> list[str]:
        """Image blocks whose file is not there, or not yet, in Slack's manner."""
        now = self._home.times.steady()
        faults = []
        for place, block in enumerate(blocks):
            if block.get("type") != "image" or "slack_file" not in block:
                continue
            file = self.find(str(block["slack_file"].get("id")))
            if file is None or now < file.ready:
                faults.append(f"invalid slack file [json-pointer:{at}/{place}/slack_file]")
        return faults
