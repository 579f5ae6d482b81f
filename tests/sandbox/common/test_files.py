"""Files that are written all at once, and read as far as they hold what is expected."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from modeldeck.sandbox.common.files import read_json, write, write_json


def test_a_file_is_replaced_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, b"first and longer")
    opened = path.open("rb")
    write(path, b"second", 0o640)
    with opened:
        assert opened.read() == b"first and longer", "who had opened it reads the whole of what was there"
    assert path.read_bytes() == b"second"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("given", "mode"), [({}, 0o600), ({"mode": 0o644}, 0o644)])
def test_others_read_it_only_where_that_is_said(tmp_path: Path, given: dict[str, int], mode: int) -> None:
    write_json(tmp_path / "file", {"a": 1}, **given)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    assert read_json(tmp_path / "file") == {"a": 1}


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_file_that_holds_no_object_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    assert read_json(tmp_path / "file") is None
    assert read_json(tmp_path / "missing") is None
