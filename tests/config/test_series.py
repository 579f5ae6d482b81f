"""`prometheus.labels` and `prometheus.matchers`: by which labels series name pods, and which of them are an environment's own."""

from __future__ import annotations

import pytest
from prombed import parse_promql

from modeldeck.config import show, show_text
from modeldeck.domain.metrics.series_scope import SeriesScope
from tests.config.conftest import Machine

FILE = '[environments.prod.prometheus]\nurl = "http://prometheus:9090"\n'


def scope(machine: Machine, line: str) -> SeriesScope:
    machine.write(FILE + line)
    target = machine.good().environment.prometheus
    assert target is not None
    return target.scope


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", SeriesScope()),
        ('labels = { pod = "kubernetes_pod_name", namespace = "ns" }', SeriesScope("kubernetes_pod_name", "ns")),
        ('labels = { pod = "pod_name" }', SeriesScope("pod_name")),
        ('labels = { instance = "instance" }', SeriesScope(instance="instance")),
        ("matchers = 'cluster=\"prod\"'", SeriesScope(matchers=('cluster="prod"',))),
        ('matchers = \'cluster="prod", tenant=~"a|b,c"\'', SeriesScope(matchers=('cluster="prod"', 'tenant=~"a|b,c"'))),
        ("matchers = ['cluster=\"prod\"', 'env!=\"dev\"']", SeriesScope(matchers=('cluster="prod"', 'env!="dev"'))),
        ('matchers = { cluster = "a\\"b" }', SeriesScope(matchers=('cluster="a\\"b"',))),
    ],
)
def test_what_is_read(machine: Machine, line: str, expected: SeriesScope) -> None:
    found = scope(machine, line)
    assert found == expected
    parse_promql(f"up{{{','.join(found.matchers)}}}" if found.matchers else "up")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('labels = "pod"', "expected a table"),
        ('labels = { node = "x" }', "expected pod, namespace or instance, found 'node'"),
        ('labels = { pod = "a-b" }', "expected the name of a label for pod"),
        ('labels = { pod = "p", instance = "i" }', "either instance, or pod and namespace"),
        ('matchers = "cluster"', "expected matchers such as"),
        ('matchers = \'cluster="prod"} or up{a="b"\'', "expected matchers such as"),
        ("matchers = 'cluster=prod'", "expected matchers such as"),
        ("matchers = []", "at least one matcher"),
        ("matchers = 3", "expected a string"),
    ],
)
def test_what_is_refused(machine: Machine, line: str, message: str) -> None:
    machine.write(FILE + line)
    (problem,) = machine.bad()
    assert message in problem.message


def test_it_is_shown(machine: Machine) -> None:
    machine.write(FILE + 'labels = { pod = "pod_name" }\nmatchers = \'cluster="prod"\'')
    resolved = machine.good()
    shown = show(resolved)["environments"]["prod"]["prometheus"]  # type: ignore[index]
    assert (shown["labels"], shown["matchers"]) == ({"pod": "pod_name"}, ['cluster="prod"'])
    text = show_text(resolved)
    assert "pod=pod_name" in text
    assert 'cluster="prod"' in text
