"""One process a store: the second is turned away until the first is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import Conflict, Unavailable
from bot.store.alone import Alone

_HOLD = """
import sys
from pathlib import Path
from bot.store.alone import Alone
alone = Alone(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_lets_go(database: Path) -> None:
    """Two would post everything twice."""
    first = Alone(database)
    with pytest.raises(Conflict, match="Another callwarden runs"):
        Alone(database)
    first.close()
    Alone(database).close()


def test_a_folder_that_is_not_there_is_no_other_process(tmp_path: Path) -> None:
    """What is said is what is wrong: nobody should look for a second process."""
    with pytest.raises(Unavailable, match="cannot be used: unable to open"):
        Alone(tmp_path / "nowhere" / "callwarden.db")
    (tmp_path / "text.db-run").write_text("This is no lock file." * 100)
    with pytest.raises(Unavailable, match="not a database"):
        Alone(tmp_path / "text.db")


def test_a_store_behind_a_link_is_the_same_store(database: Path, tmp_path: Path) -> None:
    """By a link to the file or to its folder, in either order, the second one is refused."""
    link, folder = database.with_name("link.db"), tmp_path / "folder"
    link.symlink_to(database.name)
    folder.symlink_to(tmp_path)
    for one, other in ((database, link), (link, database), (folder / database.name, link)):
        first = Alone(one)
        with pytest.raises(Conflict, match="Another callwarden runs"):
            Alone(other)
        first.close()


def test_another_store_is_nobodys_business(database: Path) -> None:
    """The lock is of one file only."""
    first, other = Alone(database), Alone(database.with_name("other.db"))
    first.close()
    other.close()


def test_a_killed_process_holds_nothing(database: Path) -> None:
    """After kill -9 the next start is not locked out."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Conflict):
            Alone(database)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    Alone(database).close()
