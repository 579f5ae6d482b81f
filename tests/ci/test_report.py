"""The last lines of a run tell what a person asks first."""

from __future__ import annotations

from pathlib import Path

from checks.report import SLOWEST, Case, Ended, Outcome, closing, read, reasons, skips, slowest

JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_one[x]" time="1.5" />
<testcase classname="tests.test_a" name="test_two" time="0.001">
<skipped type="pytest.skip" message="no prometheus binary">…</skipped></testcase>
</testsuite></testsuites>"""


def test_cases_are_read_with_their_times_and_reasons(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(JUNIT)
    (tmp_path / "torn.xml").write_text(JUNIT[:200])
    found = read([tmp_path / "a.xml", tmp_path / "torn.xml", tmp_path / "absent.xml"])
    assert found == [Case("tests.test_a::test_one[x]", 1.5), Case("tests.test_a::test_two", 0.001, "no prometheus binary")]
    assert list(skips(found)) == ["    1 × no prometheus binary"]


def test_the_slowest_come_first_and_no_more_than_asked_for() -> None:
    lines = list(slowest([Case(f"test_{number}", number) for number in range(50)]))
    assert len(lines) == SLOWEST
    assert "test_49" in lines[0]


def test_the_end_tells_steps_times_failures_and_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "b.log").write_text("collected\nFAILED tests/test_b.py::test_b - assert 1 == 2\nmore\n")
    ended = [
        Ended("a", Outcome.PASSED, 360.4, cold=300.0),
        Ended("b", Outcome.FAILED, 12.0, reason="exit code 1: pytest"),
        Ended("c", Outcome.LEFT_OUT, 0.0, reason="the time for all steps was up"),
    ]
    lines = list(closing(ended, [], tmp_path, 373.0, seed=7))
    assert "    360 s  a  passed, 300 s of it building what is cached now" in lines
    assert "     12 s  b  FAILED: exit code 1: pytest" in lines
    assert any("--seed 7" in line for line in lines)
    assert lines[-4:] == [
        "FAILED tests/test_b.py::test_b - assert 1 == 2",
        "left out: c",
        "FAILED: b",
        "373 s in all, 300 s of it building what is cached now",
    ]


def test_a_failure_without_words_of_pytests_is_told_by_its_last_lines() -> None:
    assert reasons("\n".join(map(str, range(20)))) == [str(number) for number in range(12, 20)]
