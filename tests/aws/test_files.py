"""Folders of files: everything in them is read once, or named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.aws.files import blobs, walk
from bot.model import Unreadable

MOST = 1_000


def placed(folder: Path, *names: str) -> Path:
    """Files with these names, holding their names."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


def found(*paths: Path) -> list[str]:
    """The names of the files under *paths*, in the order of the walk."""
    return [one.name for one in walk(paths) if isinstance(one, Path)]


def faults(*paths: Path) -> list[tuple[str, str]]:
    """(name, reason) of what cannot be read under *paths*."""
    items = blobs(walk(paths), MOST)
    return [(Path(one.where).name, one.reason) for one in items if isinstance(one, Unreadable)]


def test_folders_are_walked_in_order(tmp_path: Path) -> None:
    """The order of a walk is that of the names, whatever the disk says."""
    placed(tmp_path, "b/2.json", "a.json", "b/1.json.gz", "c")

    assert found(tmp_path) == ["a.json", "1.json.gz", "2.json", "c"]


def test_hidden_files_and_digests_are_passed_over(tmp_path: Path) -> None:
    """Unless somebody names them."""
    placed(tmp_path, ".DS_Store", "CloudTrail-Digest/d.json", "CloudTrail/r.json", ".git/x")

    assert found(tmp_path) == ["r.json"]
    assert found(tmp_path / ".DS_Store", tmp_path / "CloudTrail-Digest") == [".DS_Store", "d.json"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """A link is followed, but no folder is entered twice."""
    placed(tmp_path, "logs/a.json", "elsewhere/b.json")
    (tmp_path / "logs" / "up").symlink_to(tmp_path)
    (tmp_path / "logs" / "over").symlink_to(tmp_path / "elsewhere")

    assert sorted(found(tmp_path / "logs")) == ["a.json", "b.json"]


@pytest.fixture
def well(tmp_path: Path) -> Iterator[Path]:
    """Folders in folders, far deeper than Python calls itself, with a file at the bottom."""
    bottom, depth = tmp_path / "well", 1_200
    bottom.mkdir()
    for _ in range(depth):
        bottom /= "d"
        bottom.mkdir()
    placed(bottom, "deep.json")
    yield tmp_path / "well"
    # Whoever clears up after us may well call itself for each folder.
    for folder in (bottom, *list(bottom.parents)[:depth]):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


@pytest.mark.skipif(os.pathconf("/", "PC_PATH_MAX") < 4_096, reason="paths are short here")
def test_folders_may_be_nested_as_deep_as_the_disk_takes(well: Path) -> None:
    """The file at the bottom is read, and what stands beside the folders keeps its place."""
    placed(well, "a.json", "d/z.json", "e.json")

    assert found(well) == ["a.json", "deep.json", "z.json", "e.json"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong path and a dead link are faults, and the rest is read."""
    placed(tmp_path, "a.json")
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")

    assert found(tmp_path) == ["a.json"]
    assert faults(tmp_path) == [("dead", "no such file or directory")]
    assert faults(tmp_path / "nothing") == [("nothing", "no such file or directory")]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Only ordinary files are opened."""
    os.mkfifo(tmp_path / "pipe")

    assert faults(tmp_path) == [("pipe", "it is no ordinary file")]


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    """One byte over is named; at the limit it is read."""
    (tmp_path / "at").write_bytes(bytes(MOST))
    (tmp_path / "over").write_bytes(bytes(MOST + 1))

    assert faults(tmp_path) == [("over", "it is 1,001 bytes, over the limit of 1,000")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_named(tmp_path: Path) -> None:
    """A folder that may not be listed is no empty folder."""
    placed(tmp_path, "closed/a.json").joinpath("closed").chmod(0)
    try:
        assert faults(tmp_path) == [("closed", "permission denied")]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_blobs_name_their_files(tmp_path: Path) -> None:
    """What was read says where it came from."""
    placed(tmp_path, "a.json")
    (blob,) = blobs(walk([tmp_path]), MOST)

    assert not isinstance(blob, Unreadable)
    assert (str(tmp_path / "a.json"), b"a.json") == (blob.where, blob.body)
