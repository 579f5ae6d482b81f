"""`[objectives."NS/NAME"]`: what is promised, and everything that is wrong with it, with its line."""

from __future__ import annotations

import re

import pytest

from modeldeck.config import show, show_text
from modeldeck.domain.objectives.objective import DAY, LatencyTarget, Objective
from tests.config.conftest import Machine
from tests.config.tables.test_profiles import told
from tests.support.documents import document

FILE = """
[objectives."serving/iris"]
availability = 0.999
latency = { below = "250ms", share = 0.99 }
window = "7d"
[objectives."serving/*"]
latency.below = 2
latency.share = 0.5
[environments.prod]
[environments.test.objectives."*/*"]
availability = 0.9
"""

DURATION = 'expected a duration such as "250ms" (ms, s, m, h, d or w), found '


def test_they_are_read_in_order_and_an_environment_has_its_own(machine: Machine) -> None:
    machine.write(FILE)
    iris = Objective(0.999, LatencyTarget(0.25, 0.99), 7 * DAY)
    assert machine.good().environment.objectives == (
        ("serving/iris", iris),
        ("serving/*", Objective(latency=LatencyTarget(2.0, 0.5))),
    )
    test = next(one for one in machine.good().environments if one.name == "test")
    assert test.objectives == (("*/*", Objective(0.9)),)


def test_they_are_shown(machine: Machine) -> None:
    machine.write(FILE)
    shown = show(machine.good(), "prod")["environments"]["prod"]["objectives"]  # type: ignore[index]
    assert shown["serving/iris"] == {"availability": 0.999, "latency": {"below": 0.25, "share": 0.99}, "window": 7 * DAY}
    assert "objectives" in show_text(machine.good(), "prod")


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("availability = 1.0", ".availability", "expected a share above 0 and at most 0.999999, found 1"),
        ("availability = 99.9", ".availability", "expected a share above 0 and at most 0.999999, found 99.9"),
        ("availability = nan", ".availability", "expected a share above 0 and at most 0.999999, found nan"),
        ("availability = true", ".availability", "expected a share of requests, such as 0.999, found a boolean"),
        ('availability = "99.9%"', ".availability", "expected a share of requests, such as 0.999, found a string"),
        ("latency = 0.25", ".latency", 'expected a table such as { below = "250ms", share = 0.99 }, found a float'),
        ('latency = { below = "250ms" }', ".latency", "expected the key share, found none"),
        (
            'latency = { below = "fast", share = 0.9 }',
            ".latency.below",
            f"{DURATION}'fast'",
        ),
        ("latency = { below = 0, share = 0.9 }", ".latency.below", "expected 0.0001 to 3600 seconds, found 0"),
        ('window = "30"\navailability = 0.9', ".window", f"{DURATION.replace('250ms', '30d')}'30'"),
        ('window = "1h"\navailability = 0.9', ".window", "expected 86400 to 7.776e+06 seconds, found 1h"),
        ('window = "30d"', "", "expected availability, latency or both, found neither"),
        ("", "", "expected availability, latency or both, found neither"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(machine: Machine, text: str, key: str, message: str) -> None:
    (problem,) = told(machine, f'[objectives."serving/iris"]\n{text}\n')
    assert problem[1:3] == (f"objectives.serving/iris{key}", message)


def test_unknown_keys_and_other_shapes(machine: Machine) -> None:
    text = """
[objectives.iris]
availability = 0.9
[objectives."a/b"]
availabiliti = 0.9
[objectives."a/c"]
latency = { below = 1, share = 0.9, shar = 1 }
"""
    assert told(machine, text) == [
        (2, "objectives.iris", "expected a deployment as 'namespace/name', in which `*` is any text, found 'iris'", ""),
        (5, "objectives.a/b.availabiliti", "unknown key", "did you mean `availability`?"),
        (7, "objectives.a/c.latency.shar", "unknown key", "did you mean `share`?"),
    ]
    assert (
        told(machine, "objectives = 7")[0][2]
        == 'expected a table for each deployment, such as [objectives."serving/iris"], found an integer'
    )
    assert told(machine, 'objectives."a/b" = 7')[0][1:3] == ("objectives.a/b", "expected a table, found an integer")


def test_there_are_not_too_many(machine: Machine) -> None:
    text = "".join(f'[objectives."a/b{number}"]\navailability = 0.9\n' for number in range(201))
    assert [message for _, _, message, _ in told(machine, text)] == ["expected at most 200 objectives, found 201"]


def test_the_example_of_the_document_is_a_good_one(machine: Machine) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```", document("docs/objectives.md"), re.MULTILINE | re.DOTALL)
    machine.write(f"{example}\n[environments.prod]\n")
    iris, others = machine.good().environment.objectives
    assert iris == ("serving/iris", Objective(0.999, LatencyTarget(0.25, 0.99), 30 * DAY))
    assert others == ("serving/*", Objective(0.99))
