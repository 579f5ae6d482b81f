"""Several consoles, one reading: what another was answered is taken where it is newer than everything known, and by whom it may be."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.sources.common import shared_answers
from modeldeck.sources.common.shared_answers import KEPT, Rounds, Shared, Shelf


class Backend:
    """Answers with how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        return str(self.asked).encode()


class Hosts:
    """Consoles on one folder, and the time that passes for all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ahead, self.backend = folder, 0.0, Backend()

    def now(self) -> float:
        return 1_700_000_000.0 + self.ahead

    def console(self, who: Sequence[str] = ("ann",), identity: str = "1") -> Rounds:
        async def ask() -> str:
            return identity

        return Rounds(Shared(Shelf(self.folder, self.now), tuple(who), ask), self.now)

    async def begun(self, who: Sequence[str] = ("ann",), identity: str = "1") -> Rounds:
        """A console whose backend has answered once."""
        console = self.console(who, identity)
        await self.round(console, "the first")
        self.backend.asked = 0
        return console

    async def round(self, console: Rounds, question: str = "q", *, alone: bool = False) -> tuple[bytes, float]:
        self.ahead += 1
        await console.begin(alone=alone)
        answer = await console.ask(question, self.backend)
        return answer, console.end()


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """The file system's own clock is not ours to move: an answer came when it was asked for."""
    made = Hosts(tmp_path / "answers")
    scan = Shelf.lying_there

    def as_asked(shelf: Shelf) -> dict[str, shared_answers.Times]:
        return {name: shared_answers.Times(times.asked, times.asked) for name, times in scan(shelf).items()}

    monkeypatch.setattr(Shelf, "lying_there", as_asked)
    return made


async def test_the_first_round_asks_and_later_ones_take_what_another_was_answered(hosts: Hosts) -> None:
    one, other = hosts.console(), hosts.console()
    assert await hosts.round(one) == (b"1", 0.0)
    assert await hosts.round(other) == (b"2", 0.0)
    assert await hosts.round(one) == (b"3", 0.0)
    assert await hosts.round(other) == (b"3", 1.0)
    assert await hosts.round(other) == (b"4", 0.0)
    assert await hosts.round(one) == (b"4", 1.0)


async def test_what_was_asked_before_what_is_known_is_not_taken(hosts: Hosts) -> None:
    one, other = await hosts.begun(), await hosts.begun()
    await hosts.round(one)
    await hosts.round(other, "another question")
    await hosts.round(one, "another question")
    assert hosts.backend.asked == 2
    await hosts.round(other)
    assert hosts.backend.asked == 3


async def test_alone_nothing_is_taken_but_given(hosts: Hosts) -> None:
    one, other = hosts.console(), hosts.console()
    await hosts.round(one)
    await hosts.round(other)
    assert await hosts.round(one, alone=True) == (b"3", 0.0)
    assert await hosts.round(other) == (b"3", 1.0)


@pytest.mark.parametrize(
    ("who", "identity"), [(("bob",), "1"), (("ann", "x"), "1"), (("ann",), "2"), (("ann",), "")], ids=["login", "parts", "store", "unknown"]
)
async def test_another_login_or_another_store_is_asked_for_itself(hosts: Hosts, who: Sequence[str], identity: str) -> None:
    one, other = hosts.console(), hosts.console(who, identity)
    for console in (one, other, one, other):
        assert (await hosts.round(console))[1] == 0.0
    assert hosts.backend.asked == 4


async def test_who_cannot_be_told_apart_is_asked_again_and_shares_then(hosts: Hosts) -> None:
    async def away() -> str:
        raise Unreachable("it is away")

    lonely = Rounds(Shared(Shelf(hosts.folder, hosts.now), ("ann",), away), hosts.now)
    await hosts.round(lonely)
    await hosts.round(lonely)
    assert not hosts.folder.exists()


async def test_nothing_that_names_anybody_and_nothing_for_others_is_in_the_folder(hosts: Hosts) -> None:
    await hosts.round(await hosts.begun(("https://mlflow.example", "ann", "the-password")))
    assert stat.S_IMODE(hosts.folder.stat().st_mode) == 0o700
    for file in hosts.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not any(word in file.name.encode() + file.read_bytes() for word in (b"ann", b"password", b"example"))
    assert len(list(hosts.folder.iterdir())) == 2


async def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    assert len({Shelf(tmp_path / name).key() for name in "ab"}) == 2
    assert Shelf(tmp_path / "a").key() == Shelf(tmp_path / "a").key()


@pytest.mark.parametrize("what", ["open folder", "link to a folder", "file", "open key", "torn key", "linked key"])
async def test_a_folder_that_is_not_this_users_alone_is_not_used(hosts: Hosts, tmp_path: Path, what: str) -> None:
    elsewhere, folder = tmp_path / "elsewhere", hosts.folder
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "key").write_bytes(b"k" * 32)
    (elsewhere / "key").chmod(0o600)
    if what == "link to a folder":
        folder.symlink_to(elsewhere)
    elif what == "file":
        folder.write_bytes(b"")
    else:
        folder.mkdir(mode=0o700)
        if what == "linked key":
            (folder / "key").symlink_to(elsewhere / "key")
        elif what != "open folder":
            (folder / "key").write_bytes(b"k" * (32 if what == "open key" else 5))
            (folder / "key").chmod(0o644 if what == "open key" else 0o600)
        else:
            folder.chmod(0o755)
    one, other = hosts.console(), hosts.console()
    for console in (one, other, one, other):
        await hosts.round(console)
    assert hosts.backend.asked == 4
    assert [file.name for file in elsewhere.iterdir()] == ["key"]


async def test_an_answer_at_whose_place_something_else_lies_is_asked_for(hosts: Hosts, tmp_path: Path) -> None:
    one, other = await hosts.begun(), await hosts.begun()
    await hosts.round(one, alone=True)
    await hosts.round(other, alone=True)
    place = next(file for file in hosts.folder.iterdir() if file.name != "key")
    (tmp_path / "theirs").write_bytes(b"theirs")
    place.unlink()
    place.symlink_to(tmp_path / "theirs")
    assert (await hosts.round(one))[0] == b"3"
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not place.is_symlink()


async def test_a_full_or_lost_folder_is_no_failure(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await hosts.begun()
    await hosts.round(one)
    for file in hosts.folder.iterdir():
        file.unlink()
    hosts.folder.rmdir()
    assert (await hosts.round(one))[0] == b"2"


async def test_old_answers_are_removed_and_no_more_than_so_many_are_kept(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await hosts.begun()
    await hosts.round(one, "old")
    hosts.ahead += KEPT
    await hosts.round(one, "new")
    assert len(Shelf(hosts.folder, hosts.now).lying_there()) == 1
    monkeypatch.setattr(shared_answers, "MOST", 2)
    for number in range(4):
        await hosts.round(one, str(number))
    assert len(Shelf(hosts.folder, hosts.now).lying_there()) == 2


async def test_an_answer_from_the_future_is_none(hosts: Hosts) -> None:
    one, other = await hosts.begun(), await hosts.begun()
    await hosts.round(one)
    hosts.ahead += 100
    await hosts.round(other, alone=True)
    hosts.ahead -= 90
    assert (await hosts.round(one))[0] == b"3"
