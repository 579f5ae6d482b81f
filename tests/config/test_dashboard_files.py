"""Files of dashboards: where they are, and what is told of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.config.dashboard_files import read_dashboard_file
from modeldeck.domain.failures import Malformed, Unreachable
from tests.config.conftest import Machine


def test_they_are_relative_to_the_configuration(machine: Machine) -> None:
    machine.write('dashboards = ["serving.json", "~/other.json"]\n[environments.prod]\nprometheus.url = "http://p"\n')
    assert machine.good().environment.dashboards == (str(machine.home / "serving.json"), str(machine.home / "other.json"))
    machine.write('dashboards = "a.json"\n[environments.prod]\ndashboards = ["b.json"]\n')
    assert machine.good().environment.dashboards == (str(machine.home / "b.json"),)


@pytest.mark.parametrize("value", ["3", "[3]", '[""]', "{}"])
def test_what_are_no_files_is_told(machine: Machine, value: str) -> None:
    machine.write(f"[environments.prod]\ndashboards = {value}\n")
    (problem,) = machine.bad()
    assert problem.key == "environments.prod.dashboards"


def test_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text('{"title": "D", "panels": []}')
    assert read_dashboard_file(str(tmp_path / "d.json")).title == "D"


def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{\n "panels": [\n')
    with pytest.raises(Malformed, match=r"broken.json:3: it is not JSON"):
        read_dashboard_file(str(broken))
    with pytest.raises(Unreachable, match="no such file"):
        read_dashboard_file(str(tmp_path / "none.json"))
    with pytest.raises(Unreachable, match="a character that no file's may"):
        read_dashboard_file("a\0b")
