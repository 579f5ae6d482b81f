"""What is doubtful about how one Deployment's pods are scraped, in words, and what is asked to find out."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.scraping import Scraped, names_in, question_about, questions, scraped_as
from modeldeck.domain.metrics.series_scope import NAMESPACES, SeriesScope

PLAIN, NOBODY = PodLabels(), SeriesScope()
PROBE, COUNTER = "http_request_duration_highr_seconds_bucket", "http_requests_total"


def series(*own: dict[str, str], of: tuple[dict[str, str], ...] = ()) -> list[dict[str, str]]:
    """What a FastAPI server exports, once for each set of labels."""
    exported = of or ({"__name__": PROBE}, {"__name__": COUNTER, "status": "200"})
    return [{"namespace": "serving", "pod": "a", **each, **labels} for labels in own or ({},) for each in exported]


def read(found: list[dict[str, str]], scope: SeriesScope = NOBODY) -> Scraped:
    one = scraped_as(found, PLAIN, scope)
    assert one is not None
    return one


def test_what_is_plain_has_nothing_doubtful() -> None:
    one = read(series())
    assert (one.several, one.mixed, one.notes, one.labels) == ((), False, (), PLAIN)
    assert scraped_as([{"__name__": "up"}], PLAIN, NOBODY) is None
    assert read(series(), SeriesScope(matchers=('a="1"', 'b="2"'))).labels.matchers == 'a="1",b="2"'


def test_several_values_of_a_label_of_clusters_are_told_up_to_four() -> None:
    one = read(series(*({"cluster": name, "pod": name} for name in "edcba")))
    assert one.several == ('series with cluster a, b, c, d are summed: name one in prometheus.matchers (cluster="a")',)
    assert not one.mixed, "each pod has one of them"
    same = read(series({"cluster": "a"}, {"cluster": "b"}))
    assert (len(same.several), same.mixed) == (1, True)
    assert read(series({"cluster": "a"})).several == ()


def test_a_label_that_most_metrics_do_not_have_is_the_servers_own() -> None:
    of = ({"__name__": PROBE}, {"__name__": COUNTER, "status": "200", "tenant": "x"}, {"__name__": COUNTER, "status": "200", "tenant": "y"})
    assert read(series(of=of)).several == ()
    more = (*of, {"__name__": "model_info", "tenant": "x"}, {"__name__": "model_info", "tenant": "y"})
    assert len(read(series(of=more)).several) == 1


@pytest.mark.parametrize(
    ("ways", "matcher", "message"),
    [
        (
            ({"instance": "1:80"}, {"instance": "1:81"}),
            'instance=~".+:80"',
            "of port 80, 81 only 80 counts",
        ),
        (({"job": "x"}, {"job": "a"}, {"job": "m"}), 'job="a"', "of job a, m, x only a counts"),
        (({"endpoint": "x"}, {"endpoint": "a"}), 'endpoint="a"', "of endpoint a, x only a counts"),
        (({"service": "x"}, {"service": "a"}), 'service="a"', "of service a, x only a counts"),
        (({"container": "x"}, {"container": "a"}), "", ""),
        (({"instance": "here"}, {"instance": "there"}), "", ""),
        (({},), "", ""),
    ],
)
def test_of_a_container_that_is_scraped_twice_one_scrape_counts(ways: tuple[dict[str, str], ...], matcher: str, message: str) -> None:
    one = read(series(*ways))
    assert (one.labels.matchers, one.notes) == (matcher, (f"pods are scraped several times: {message}",) if message else ())


def test_only_what_every_container_has_can_be_kept() -> None:
    ways = [{"pod": pod, "job": job} for pod, jobs in (("a", "xy"), ("b", "yz")) for job in jobs]
    assert read(series(*ways)).labels.matchers == 'job="y"'
    apart = [{"pod": pod, "job": job} for pod, jobs in (("a", "xy"), ("b", "z")) for job in jobs]
    assert read(series(*apart)).labels.matchers == ""
    odd = [*series({"job": "x"}), *series({"job": "y"})[:1]]
    assert read(odd).labels.matchers == "", "they export different metrics, so that both count"


@pytest.mark.parametrize(
    ("of", "notes"),
    [
        (
            ({"__name__": PROBE}, {"__name__": COUNTER, "status": "well"}, {"__name__": "python_info"}),
            ("errors are not known: of http_requests_total, the label status does not tell failed requests apart",),
        ),
        (
            ({"__name__": PROBE}, {"__name__": COUNTER}, {"__name__": "python_info"}),
            ("errors are not known: of http_requests_total, the labels do not tell failed requests apart",),
        ),
        (({"__name__": PROBE}, {"__name__": "python_info"}), ("FastAPI instrumentator exports no counter of failed requests here",)),
    ],
)
def test_why_failed_requests_are_not_known(of: tuple[dict[str, Any], ...], notes: tuple[str, ...]) -> None:
    assert read(series(of=of)).notes == notes


def test_what_is_asked_to_find_out() -> None:
    (everything,) = questions((), NOBODY)
    assert everything == questions(("*", "a"), NOBODY)[0] == questions(("a",), SeriesScope(instance="host"))[0].replace(", host)", ")")
    assert everything.startswith("count by (__name__, exported_pod, pod,")
    assert '__name__=~"' in everything
    assert 'le=~"[+]Inf|"' in everything
    some = questions(("a", "b.c"), NOBODY)
    assert len(some) == len(NAMESPACES) + 1
    assert 'namespace=~"a|b\\\\.c"' in some[1]
    assert all(f'{name}=""' in some[-1] for name in NAMESPACES)
    (one,) = questions(("a",), SeriesScope(namespace="ns", pod="p", matchers=('x="1"',)))
    assert one.endswith(',ns=~"a",x="1"})')
    assert ", p, ns)" in one
    assert question_about('pod="x"', NOBODY).endswith(',pod="x"})')


def test_the_names_of_all_answers() -> None:
    answers = [Vector((Sample({"__name__": name}, 0.0, 1.0),)) for name in ("up", "x")]
    assert names_in([*answers, Vector(())]) == {"up", "x"}
