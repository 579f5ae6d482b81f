"""A follower of a registry knows what changed, and asks for little: held against a registry that counts what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeldeck.domain.failures import Faulty, Forbidden, Rejected
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel
from modeldeck.sources.mlflow.following import (
    ALIASES_A_ROUND,
    BEHIND,
    MODELS_EVERY,
    PATIENCE,
    Offered,
    RegistryFollower,
    joined,
    read_intervals,
)


class Pages:
    """A registry as MLflow keeps it: what moves a timestamp, and what does not."""

    def __init__(self, models: int = 0, versions: int = 0) -> None:
        self.now = 1.0
        self.models: dict[str, RegisteredModel] = {}
        self.versions: dict[tuple[str, str], tuple[float, ModelVersion]] = {}
        self.asked: list[str] = []
        self.forbidden: set[str] = set()
        self.broken: set[str] = set()
        self.offers, self.offered_aliases, self.age, self.alone = Offered.NOTHING, set[tuple[str, str]](), 0.0, False
        for number in range(models):
            for _ in range(versions):
                self.create(f"m{number}")

    # what people do

    def create(self, model: str) -> str:
        self.now += 1
        known = self.models.get(model) or RegisteredModel(model, created_at=self.now)
        self.models[model] = replace(known, updated_at=self.now)
        number = str(1 + max((int(v) for m, v in self.versions if m == model), default=0))
        self.versions[model, number] = self.now, ModelVersion(model, number, None, "READY", "None", self.now, "s3://b/x")
        return number

    def describe(self, model: str, version: str) -> None:
        self.now += 1
        before = self.versions[model, version][1]
        self.versions[model, version] = self.now, replace(before, description=f"as of {self.now}")

    def delete(self, model: str, version: str) -> None:
        self.now += 1
        del self.versions[model, version]
        kept = {alias: target for alias, target in self.models[model].aliases.items() if target != version}
        self.models[model] = replace(self.models[model], updated_at=self.now, aliases=kept)

    def rename(self, model: str, name: str) -> None:
        self.now += 1
        self.models[name] = replace(self.models.pop(model), name=name, updated_at=self.now)
        for (owner, number), (_, version) in list(self.versions.items()):
            if owner == model:
                del self.versions[owner, number]
                self.versions[name, number] = self.now, replace(version, model=name)

    def point(self, model: str, alias: str, version: str) -> None:
        self.models[model] = replace(self.models[model], aliases={**self.models[model].aliases, alias: version})

    def drop(self, model: str) -> None:
        del self.models[model]
        self.versions = {key: entry for key, entry in self.versions.items() if key[0] != model}

    # what is asked

    async def begin(self, *, alone: bool = False) -> None:
        self.alone = alone

    def end(self) -> float:
        return self.age

    def offered(self) -> Offered:
        return self.offers

    def offered_alias(self, model: str, alias: str) -> bool:
        return (model, alias) in self.offered_aliases

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if what in self.broken:
            raise Faulty("it broke")

    async def all_models(self) -> Sequence[RegisteredModel]:
        self._note("all models")
        return tuple(self.models.values())

    async def all_versions(self) -> Sequence[ModelVersion]:
        self._note("all versions")
        return tuple(version for _, version in self.versions.values())

    async def newest_models(self, count: int) -> Sequence[RegisteredModel]:
        self._note("newest models")
        return sorted(self.models.values(), key=lambda model: -(model.updated_at or 0.0))[:count]

    async def newest_versions(self, count: int) -> Sequence[ModelVersion]:
        self._note("newest versions")
        return [version for _, version in sorted(self.versions.values(), key=lambda entry: -entry[0])[:count]]

    async def versions_of(self, model: str) -> Sequence[ModelVersion]:
        self._note(f"versions of {model}")
        return tuple(version for _, version in self.versions.values() if version.model == model)

    async def alias_target(self, model: str, alias: str) -> str:
        self._note(f"{model}@{alias}")
        if model in self.forbidden:
            raise Forbidden("not yours", status=403)
        if alias not in self.models[model].aliases:
            raise Rejected("no such alias", status=400)
        return self.models[model].aliases[alias]


class Bench:
    """A follower that has read the whole of a registry which is large enough not to be read whole again."""

    def __init__(self, models: int = 60, versions: int = 5) -> None:
        self.pages, self.now = Pages(models, versions), 0.0
        self.follower = RegistryFollower(self.pages, lambda: self.now, lambda: 0.0)

    async def begin(self) -> None:
        await self.follower.follow()
        self.pages.asked.clear()

    async def rounds(self, count: int = MODELS_EVERY, aliases: Sequence[tuple[str, str]] = ()) -> None:
        for _ in range(count):
            self.known = (await self.follower.follow(aliases)).registry

    def truth(self) -> object:
        return joined(self.pages.models.values(), (version for _, version in self.pages.versions.values()))


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.begin()
    return made


async def test_while_nothing_changes_only_the_newest_are_asked_for(bench: Bench) -> None:
    await bench.rounds()
    assert sorted(bench.pages.asked) == ["newest models", *["newest versions"] * MODELS_EVERY]
    first = bench.known
    await bench.rounds()
    assert bench.known is first


async def test_what_moves_a_timestamp_is_seen_within_a_few_rounds(bench: Bench) -> None:
    pages = bench.pages
    pages.create("m3")
    pages.create("new")
    pages.describe("m7", "2")
    pages.delete("m9", "4")
    pages.rename("m11", "another")
    await bench.rounds()
    assert bench.known == bench.truth()
    assert not any(what.startswith("all") for what in pages.asked)


async def test_a_new_version_of_a_large_model_does_not_read_its_old_ones(bench: Bench) -> None:
    for _ in range(4):
        bench.pages.create("m3")
        await bench.rounds(1)
    await bench.rounds()
    assert bench.known == bench.truth()
    assert {what for what in bench.pages.asked if what.startswith("versions of")} == set()


async def test_aliases_that_matter_are_asked_for_and_the_others_are_as_they_were(bench: Bench) -> None:
    bench.pages.point("m3", "champion", "2")
    bench.pages.point("m4", "champion", "2")
    bench.pages.forbidden.add("m5")
    await bench.rounds(1, [("m3", "champion"), ("m5", "champion"), ("gone", "champion")])
    model, version = bench.known.model("m3"), bench.known.version("m3", "2")
    assert model is not None
    assert version is not None
    assert (model.aliases, version.aliases) == ({"champion": "2"}, ("champion",))
    assert bench.known != bench.truth()
    followed = await bench.follower.follow(whole=True)
    assert (followed.registry, followed.aliases_read) == (bench.truth(), True)


async def test_an_alias_that_was_deleted_is_gone(bench: Bench) -> None:
    bench.pages.point("m3", "champion", "2")
    await bench.follower.follow(whole=True)
    bench.pages.models["m3"] = replace(bench.pages.models["m3"], aliases={})
    await bench.rounds(1, [("m3", "champion")])
    assert bench.known == bench.truth()


@pytest.mark.parametrize(
    ("offers", "read"),
    [
        (Offered.NEWEST_MODELS, {"newest versions", "newest models"}),
        (Offered.MODELS, {"newest versions", "all models"}),
        (Offered.EVERYTHING, {"all versions", "all models"}),
    ],
)
async def test_what_another_console_has_read_is_taken_though_it_is_not_due(bench: Bench, offers: Offered, read: set[str]) -> None:
    bench.pages.offers, bench.pages.age = offers, 0.25
    followed = await bench.follower.follow()
    assert set(bench.pages.asked) == read
    pauses = read_intervals(bench.pages.models.values(), (version for _, version in bench.pages.versions.values()))
    assert followed.age == 0.25
    assert followed.pause == pytest.approx(pauses.news - 0.25 + BEHIND)
    assert followed.aliases_read is (offers > Offered.NEWEST_MODELS)


async def test_the_aliases_that_another_console_has_looked_at_are_those_that_are_taken(bench: Bench) -> None:
    wanted = [(f"m{number}", "champion") for number in range(12)]
    for model, alias in wanted:
        bench.pages.point(model, alias, "1")
    bench.pages.offered_aliases = {("m7", "champion"), ("m9", "champion")}
    await bench.rounds(1, wanted)
    assert {what for what in bench.pages.asked if "@" in what} == {"m7@champion", "m9@champion"}


async def test_consoles_that_began_together_do_not_all_read_what_is_due_again() -> None:
    first, later = Bench(), Bench()
    later.follower = RegistryFollower(later.pages, lambda: later.now, lambda: 1.0)
    pauses = read_intervals(first.pages.models.values(), (version for _, version in first.pages.versions.values()))
    for bench in (first, later):
        await bench.begin()
        bench.now = pauses.models
        await bench.rounds(1)
    assert ("all models" in first.pages.asked, "all models" in later.pages.asked) == (True, False)
    later.now += PATIENCE * pauses.news
    await later.rounds(1)
    assert "all models" in later.pages.asked


async def test_what_a_person_asks_for_is_taken_from_nobody(bench: Bench) -> None:
    await bench.follower.follow(whole=True)
    assert bench.pages.alone
    await bench.rounds(1)
    assert not bench.pages.alone


async def test_many_aliases_are_asked_for_in_turn(bench: Bench) -> None:
    wanted = [(f"m{number}", "champion") for number in range(12)]
    for model, alias in wanted:
        bench.pages.point(model, alias, "1")
    await bench.rounds(-(-len(wanted) // ALIASES_A_ROUND), wanted)
    assert bench.known == bench.truth()


async def test_what_cannot_be_told_from_the_newest_is_read_whole() -> None:
    bench = Bench(400, 6)
    await bench.begin()
    for number in range(400):
        for _ in range(6):
            bench.pages.create(f"m{number}")
    await bench.rounds(1)
    assert bench.known == bench.truth()
    assert "all versions" in bench.pages.asked


async def test_a_reading_that_breaks_half_way_loses_nothing(bench: Bench) -> None:
    bench.pages.create("m3")
    bench.pages.broken.add("newest models")
    failures = 0
    for _ in range(MODELS_EVERY):
        try:
            await bench.rounds(1)
        except Faulty:
            failures += 1
    assert failures == 1
    bench.pages.broken.clear()
    await bench.rounds()
    assert bench.known == bench.truth()


async def test_all_models_and_then_everything_is_read_now_and_then(bench: Bench) -> None:
    pauses = read_intervals(bench.pages.models.values(), (version for _, version in bench.pages.versions.values()))
    bench.pages.point("m3", "champion", "2")
    bench.pages.drop("m8")
    bench.now = pauses.models
    followed = await bench.follower.follow()
    assert (followed.registry, followed.aliases_read) == (bench.truth(), True)
    assert "all versions" not in bench.pages.asked
    key = ("m2", "1")
    bench.pages.versions[key] = (bench.pages.versions[key][0], replace(bench.pages.versions[key][1], tags={"a": "b"}))
    bench.now = pauses.whole
    assert (await bench.follower.follow()).registry == bench.truth()


def test_a_small_registry_is_read_whole_every_time_and_a_large_one_costs_little() -> None:
    small = Pages(3, 4)
    pauses = read_intervals(small.models.values(), (version for _, version in small.versions.values()))
    assert max(pauses.news, pauses.models, pauses.whole) < 5
    models = [RegisteredModel(f"m{number}", {"champion": "1"}) for number in range(2000)]
    versions = [
        ModelVersion("m7", str(number), "0" * 32, "READY", "None", 1.0, "mlflow-artifacts:/0/x/artifacts") for number in range(10_000)
    ]
    pauses = read_intervals(models, versions)
    of_models, of_all = 2000 * 750, 2000 * 750 + 10_000 * 400
    assert of_models / pauses.models + of_all / pauses.whole < 15_000
    # Seconds of the server's own time a second, as measured: two looks at the newest, all models, everything.
    assert 0.06 / pauses.news + 0.5 / pauses.models + 1.5 / pauses.whole < 0.01


ACTIONS = st.lists(st.tuples(st.sampled_from(["create", "describe", "delete", "point"]), st.integers(0, 4), st.integers(0, 9)), max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTIONS, max_size=4))
def test_after_a_whole_reading_and_whatever_happened_versions_are_known(story: list[list[tuple[str, int, int]]]) -> None:
    async def live() -> None:
        bench = Bench(5, 30)
        await bench.begin()
        for chapter in story:
            for what, number, pick in chapter:
                name, pages = f"m{number}", bench.pages
                mine = sorted(version for model, version in pages.versions if model == name)
                if what == "create" or not mine:
                    pages.create(name)
                elif what == "describe":
                    pages.describe(name, mine[pick % len(mine)])
                elif what == "point":
                    pages.point(name, "champion", mine[pick % len(mine)])
                elif not any(other == "create" for other, whose, _ in chapter if whose == number):
                    pages.delete(name, mine[pick % len(mine)])
            described = {f"m{number}" for what, number, _ in chapter if what == "describe"}
            deleted = {f"m{number}" for what, number, _ in chapter if what == "delete"}
            await bench.rounds(2 * MODELS_EVERY, [(f"m{number}", "champion") for number in range(5)])
            if not described & deleted:
                assert bench.known == bench.truth()
            else:  # what a change of a version explains hides the deletion of another one, until everything is read
                assert {v.number for v in bench.known.versions} >= {version.number for _, version in bench.pages.versions.values()}
                await bench.follower.follow(whole=True)
        assert (await bench.follower.follow(whole=True)).registry == bench.truth()

    asyncio.run(live())
