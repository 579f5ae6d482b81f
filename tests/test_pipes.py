"""Reading what a path leads to."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from modeldeck import pipes
from modeldeck.pipes import read_bytes


@pytest.mark.parametrize(("size", "limit", "read"), [(0, 10, 0), (9, 10, 9), (10, 10, 10), (11, 10, 11), (500, 10, 11)])
def test_of_what_is_too_long_one_byte_more_is_read_than_allowed(size: int, limit: int, read: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    assert len(read_bytes(tmp_path / "file", limit)) == read


def test_what_never_ends_is_read_so_far() -> None:
    assert read_bytes(Path("/dev/zero"), 1000) == bytes(1001)


def test_a_pipe_is_read_to_its_end_in_as_many_pieces_as_it_comes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    content = os.urandom(200_000)
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    assert read_bytes(tmp_path / "pipe", 1 << 20) == content
    writer.join()


def test_a_pipe_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "PIPE_SECONDS", 0.0)
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        with pytest.raises(OSError, match="it is no file, and gave nothing in 0 s"):
            read_bytes(tmp_path / "pipe", 10)
    finally:
        os.close(writer)


def test_no_handle_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = len(os.listdir("/dev/fd"))
    read_bytes(tmp_path / "file", 10)
    with pytest.raises(IsADirectoryError):
        read_bytes(tmp_path, 10)
    assert len(os.listdir("/dev/fd")) == before
