"""The file: everything that is wrong with it, at once and with its line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modeldeck.config import Flags
from tests.config.conftest import Machine


def test_every_wrong_value_is_named_at_once(machine: Machine) -> None:
    machine.write(
        """\
defualt = "prod"
refresh = "2"

[environments.prod]
protected = 1
mlflow = { uri = "localhost:5000", tokn = "a" }

[environments.prod.kubernetes]
contxt = "prod-eu"
namespaces = [
  "Serving",
]
[environments.prod.prometheus]
url = "ftp://me:word@host"
token = 5
[environments."a b"]
"""
    )
    found = {(int(each.where.rpartition(":")[2]), each.key): each for each in machine.bad()}
    assert set(found) == {
        (1, "defualt"),
        (2, "refresh"),
        (5, "environments.prod.protected"),
        (6, "environments.prod.mlflow.uri"),
        (6, "environments.prod.mlflow.tokn"),
        (9, "environments.prod.kubernetes.contxt"),
        (10, "environments.prod.kubernetes.namespaces"),
        (14, "environments.prod.prometheus.url"),
        (15, "environments.prod.prometheus.token"),
        (16, "environments.a b"),
    }
    assert found[1, "defualt"].hint == "did you mean `default`?"
    assert found[9, "environments.prod.kubernetes.contxt"].hint == "did you mean `context`?"
    assert "http://localhost:5000" in found[6, "environments.prod.mlflow.uri"].message
    assert "'ftp://host'" in found[14, "environments.prod.prometheus.url"].message
    assert str(found[2, "refresh"]) == f"{machine.config}:2: refresh: expected a number of seconds, found a string"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = \n", 1),
        ("[environments.prod]\nprotected = yes\n", 2),
        ("[environments.prod]\n[environments.prod]\n", 2),
        ('[environments.prod]\ntheme = "unclosed\n', 2),
        ('theme = """\n\nunclosed\n', 3),
    ],
)
def test_broken_toml_names_its_line(machine: Machine, text: str, line: int) -> None:
    machine.write(text)
    (problem,) = machine.bad()
    assert problem.where == f"{machine.config}:{line}"
    assert problem.message.startswith("expected valid TOML: ")


def test_bytes_that_are_no_text(machine: Machine) -> None:
    machine.config.write_bytes(b'theme = "dark"\n# \xff\n')
    (problem,) = machine.bad()
    assert (problem.where, problem.message) == (f"{machine.config}:2", "expected UTF-8 text")


def test_a_file_asked_for_must_be_there(machine: Machine) -> None:
    (problem,) = machine.bad(Flags(config=str(machine.home / "none.toml")))
    assert problem.where == str(machine.home / "none.toml")


def test_relative_files_are_beside_the_configuration(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    path = kubeconfig("clusters/prod")
    machine.write('[environments.prod.kubernetes]\nkubeconfig = "clusters/prod"\n')
    cluster = machine.good().environment.cluster
    assert cluster is not None
    assert cluster.kubeconfig == path


def test_a_theme_is_a_name_or_a_file(machine: Machine) -> None:
    machine.write('theme = "mine.toml"\n[environments.a]\n[environments.b]\ntheme = "dark"\n')
    assert [each.theme for each in machine.good().environments] == [str(machine.home / "mine.toml"), "dark"]
