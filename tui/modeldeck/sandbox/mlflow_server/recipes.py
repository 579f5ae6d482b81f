"""What is trained: which estimator, with which parameters, on which data set, and what becomes of it in the registry.

Plain values without scikit-learn, so that tests and documentation can read them cheaply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Method = Literal["forest", "logistic", "boosting", "network", "neighbours"]
Parameter = int | float | str


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A registered version that comes from a run."""

    description: str
    aliases: tuple[str, ...] = ()
    stage: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False
    """Its artifact is cut short after it was logged: loading it fails, so pods that serve it crash."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One run. `parent` names the run it is nested in; `ends` how it ends."""

    name: str
    method: Method
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    version: RegisteredVersion | None = None
    parent: str | None = None
    ends: Literal["FINISHED", "FAILED", "KILLED", "RUNNING"] = "FINISHED"


@dataclass(frozen=True, slots=True)
class Project:
    """An experiment with its data set and its registered model."""

    experiment: str
    dataset: Literal["iris", "wine", "breast_cancer", "digits"]
    model: str
    description: str
    recipes: tuple[Recipe, ...]


def forest(name: str, trees: int, depth: int, version: RegisteredVersion | None = None, parent: str | None = None) -> Recipe:
    return Recipe(name, "forest", {"n_estimators": trees, "max_depth": depth}, version, parent)


IRIS = Project(
    "iris-training",
    "iris",
    "iris",
    "The classic: which iris is it, by four measures of its flower.",
    (
        forest("first-try", 1, 1, RegisteredVersion("One stump; kept to see what a bad model looks like.", stage="Archived")),
        forest("five-trees", 5, 2, RegisteredVersion("A small forest.", stage="Archived")),
        forest(
            "calm-owl-40",
            20,
            3,
            RegisteredVersion("The forest that serves.", ("champion",), "Production", {"validated": "yes", "reviewer": "dana"}),
        ),
        forest("sunny-fox-12", 30, 4, RegisteredVersion("Deeper trees; waits for its turn.", ("challenger",), tags={"validated": "yes"})),
        forest(
            "torn-upload", 30, 5, RegisteredVersion("BROKEN ARTIFACT: the model file was cut short while it was uploaded.", broken=True)
        ),
        Recipe("forest-sweep", "forest", {"n_estimators": 15, "max_depth": 3}),
        *(forest(f"sweep-{trees}-trees", trees, depth, parent="forest-sweep") for trees, depth in ((2, 2), (4, 2), (8, 3), (16, 4))),
        Recipe("linear-baseline", "logistic", {"C": 1.0}),
        Recipe("neighbours-5", "neighbours", {"n_neighbors": 5}),
        Recipe("no-trees", "forest", {"n_estimators": 0, "max_depth": 3}, ends="FAILED"),
        Recipe("stopped-by-hand", "forest", {"n_estimators": 40, "max_depth": 3}, ends="KILLED"),
    ),
)

WINE = Project(
    "wine-training",
    "wine",
    "wine",
    "The grower of a wine, by thirteen chemical measures.",
    (
        Recipe("linear", "logistic", {"C": 0.01}, RegisteredVersion("A linear start.", stage="Archived")),
        forest("oak-10", 10, 3, RegisteredVersion("A forest in place of the line.", ("champion",), tags={"validated": "yes"})),
        forest("oak-30", 30, 5, RegisteredVersion("More and deeper trees.", ("challenger",))),
        Recipe(
            "linear-c1", "logistic", {"C": 1.0}, RegisteredVersion("The line again, less regularised.", tags={"note": "for comparison"})
        ),
        *(Recipe(f"neighbours-{k}", "neighbours", {"n_neighbors": k}) for k in (1, 3, 9, 27)),
        *(Recipe(f"linear-c{c}", "logistic", {"C": c}) for c in (0.1, 10.0)),
        Recipe("zero-neighbours", "neighbours", {"n_neighbors": 0}, ends="FAILED"),
    ),
)

BREAST_CANCER = Project(
    "breast-cancer-training",
    "breast_cancer",
    "breast-cancer",
    "Malignant or benign, by thirty measures of cell nuclei.",
    (
        Recipe("linear", "logistic", {"C": 0.1}, RegisteredVersion("A linear start.", stage="Archived")),
        forest("grove-8", 8, 3, RegisteredVersion("Still in service.", stage="Production", tags={"validated": "yes"})),
        Recipe(
            "boosted-20",
            "boosting",
            {"n_estimators": 20, "learning_rate": 0.2},
            RegisteredVersion("Boosted trees; approved, not rolled out yet.", ("champion",), "Staging", {"validated": "yes"}),
        ),
        *(Recipe(f"boosted-{n}", "boosting", {"n_estimators": n, "learning_rate": 0.1}) for n in (5, 10)),
        *(forest(f"grove-{trees}", trees, depth) for trees, depth in ((4, 2), (16, 4), (24, 6))),
        Recipe("overnight", "boosting", {"n_estimators": 30, "learning_rate": 0.05}, ends="RUNNING"),
    ),
)

DIGITS = Project(
    "digits-training",
    "digits",
    "digits",
    "Handwritten digits, 8 × 8 pixels.",
    (
        Recipe("linear", "logistic", {"C": 0.01}, RegisteredVersion("A linear start.")),
        Recipe(
            "network-32",
            "network",
            {"hidden": 32, "epochs": 15},
            RegisteredVersion("One hidden layer.", ("champion",), tags={"validated": "yes"}),
        ),
        forest("forest-20", 20, 10, RegisteredVersion("A forest, quicker to answer.", ("challenger",))),
        Recipe("network-8", "network", {"hidden": 8, "epochs": 12}),
        Recipe("network-16", "network", {"hidden": 16, "epochs": 12}),
        forest("forest-5", 5, 8),
        Recipe("neighbours-3", "neighbours", {"n_neighbors": 3}),
        Recipe("laptop-closed", "network", {"hidden": 24, "epochs": 6}, ends="KILLED"),
    ),
)

PROJECTS = (IRIS, WINE, BREAST_CANCER, DIGITS)
