"""Where kinds stand in the API."""

from __future__ import annotations

from modeldeck.sources.kubernetes.resources import DEPLOYMENTS, PODS


def test_the_path_of_a_list_an_object_and_a_part_of_it() -> None:
    assert DEPLOYMENTS.path("") == "/apis/apps/v1/deployments"
    assert DEPLOYMENTS.path("serving") == "/apis/apps/v1/namespaces/serving/deployments"
    assert PODS.path("serving", "iris-1", "log") == "/api/v1/namespaces/serving/pods/iris-1/log"


def test_no_name_leads_to_another_path() -> None:
    assert PODS.path("a/b", "../c?x") == "/api/v1/namespaces/a%2Fb/pods/..%2Fc%3Fx"
