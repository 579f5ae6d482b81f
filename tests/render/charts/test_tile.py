"""Tiles fill exactly their cells, whatever stands in them, and a grid shows all where it can."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render.cell import Cell, line_text
from modeldeck.render.charts.tile import GAP, LOWEST, NARROWEST, PAGED, TALLEST, Tile, grid_of, tile_lines, wall_lines
from modeldeck.render.text import cells

POINTS = tuple((60.0 * i, None if i == 5 else 0.01 * (i % 7 + 1)) for i in range(31))
TILE = Tile(
    "serving/iris",
    "!",
    "bad",
    Cell("v7", "version"),
    Cell("2/3", "warn"),
    Cell("70 ms"),
    Cell("48/s"),
    Cell("2.5 %", "bad"),
    POINTS,
    "slow",
)


def text(tile: Tile, width: int, height: int) -> list[str]:
    return [line_text(line) for line in tile_lines(tile, width, height)]


@given(st.integers(1, 60), st.integers(1, TALLEST), st.text("aä漢-", max_size=60), st.booleans())
def test_a_tile_has_exactly_its_cells(width: int, height: int, name: str, empty: bool) -> None:
    tile = replace(TILE, key=name, reason=name, points=() if empty else POINTS)
    lines = tile_lines(tile, width, height)
    assert [cells(line_text(line)) for line in lines] == [width] * height


@pytest.mark.parametrize("height", range(LOWEST, TALLEST + 1))
def test_what_each_height_shows(height: int) -> None:
    told = "\n".join(text(TILE, NARROWEST, height))
    for part in ("! serving/iris", "v7 2/3", "70 ms", "48/s", "2.5 %"):
        assert part in told
    assert ("p99 70 ms   48/s    errors 2.5 %" in told) is (height >= 3)
    assert ("≤ 70 ms" in told) is (3 <= height <= 6), "the scale, until there is an axis"
    assert ("slow" in told) is (height >= 4)
    assert ("┤" in told) is (height >= 7)


def test_without_latency_nothing_is_drawn() -> None:
    for height in (3, 9):
        told = text(replace(TILE, points=()), NARROWEST, height)
        assert told[2].strip() == "no p99"
    assert "▁" not in "".join(text(replace(TILE, points=()), NARROWEST, 2))


@given(st.integers(0, 300), st.integers(1, 250), st.integers(1, 80))
def test_all_are_in_sight_where_there_is_room(count: int, width: int, height: int) -> None:
    grid = grid_of(count, width, height)
    assert grid.page >= 1
    assert grid.columns * grid.width + GAP * (grid.columns - 1) <= max(width, 1)
    assert grid.height == PAGED or grid.rows * grid.height <= height
    lowest = grid.columns * (height // LOWEST)
    assert (grid.page >= count) or lowest < count


def test_grids_of_usual_screens() -> None:
    assert [(grid_of(100, *size).page, grid_of(100, *size).height) for size in ((78, 20), (118, 36), (198, 46))] == [
        (12, 3),
        (36, 3),
        (115, 2),
    ]
    assert grid_of(5, 118, 36).height == TALLEST


def test_a_wall_has_its_tiles_row_by_row() -> None:
    tiles = [replace(TILE, key=f"a/{number}") for number in range(5)]
    lines = [line_text(line) for line in wall_lines(tiles, grid_of(5, 78, 20), None, 20)]
    heads = [line.split()[1] for line in lines if "a/" in line]
    assert heads == ["a/0", "a/2", "a/4"]
    chosen = wall_lines(tiles, grid_of(5, 78, 20), "a/0", 20)[0]
    assert [cell.text for cell in chosen if cell.role == "chip"] == ["a/0"]
