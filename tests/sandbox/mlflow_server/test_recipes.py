from __future__ import annotations

from collections import Counter

from modeldeck.sandbox.deployments import manifests
from modeldeck.sandbox.mlflow_server.recipes import PROJECTS


def test_there_is_enough_to_look_at() -> None:
    recipes = [recipe for project in PROJECTS for recipe in project.recipes]
    assert len(recipes) >= 40
    assert sum(recipe.version is not None for recipe in recipes) >= 12
    assert {recipe.ends for recipe in recipes} == {"FINISHED", "FAILED", "KILLED", "RUNNING"}
    assert any(recipe.parent for recipe in recipes)
    assert {project.model for project in PROJECTS} == set(manifests.MODELS)


def test_an_alias_points_at_one_version() -> None:
    for project in PROJECTS:
        aliases = Counter(alias for recipe in project.recipes if recipe.version for alias in recipe.version.aliases)
        assert aliases["champion"] == 1
        assert max(aliases.values()) == 1


def test_parents_are_trained_before_their_children() -> None:
    for project in PROJECTS:
        before: set[str] = set()
        for recipe in project.recipes:
            assert recipe.parent is None or recipe.parent in before
            assert recipe.name not in before
            before.add(recipe.name)


def test_one_version_is_broken_and_says_so_and_nobody_serves_it() -> None:
    broken = [
        (project.model, recipe.version) for project in PROJECTS for recipe in project.recipes if recipe.version and recipe.version.broken
    ]
    ((model, version),) = broken
    assert model == "iris"
    assert "BROKEN" in version.description
    assert version.aliases == ()


def test_deployed_versions_are_what_their_stories_say() -> None:
    versions = {project.model: [recipe.version for recipe in project.recipes if recipe.version] for project in PROJECTS}
    assert "champion" in versions["iris"][2].aliases  # models:/iris/3 is served, and agrees
    assert "champion" in versions["breast-cancer"][2].aliases  # version 2 is served, and disagrees
    assert versions["breast-cancer"][1].aliases == ()
    assert "champion" in versions["digits"][1].aliases
