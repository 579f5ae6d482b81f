"""Small files of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.sources.common import files


def test_a_device_that_never_ends_is_no_file() -> None:
    with pytest.raises(ValueError, match="too large") as caught:
        files.contents(Path("/dev/zero"), 1000)
    assert files.reason_of(caught.value) == "it is too large"


def test_a_file_of_just_so_many_bytes_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"x" * 10)
    assert files.contents(tmp_path / "token", 10) == b"x" * 10
    with pytest.raises(ValueError, match="too large"):
        files.contents(tmp_path / "token", 9)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(2, "No such file or directory", "/secret"), "No such file or directory"),
        (OSError(), "it cannot be read"),
        (UnicodeDecodeError("utf-8", b"secret", 0, 1, "bad"), "it is not UTF-8 text"),
        (ValueError("embedded null byte in secret"), "its name cannot be used"),
    ],
)
def test_the_reason_never_quotes_what_stands_in_it(error: OSError | ValueError, reason: str) -> None:
    assert files.reason_of(error) == reason
