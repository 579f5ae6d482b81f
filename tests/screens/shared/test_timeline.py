"""Windows, panning and the cursor, for any keys in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.screens.shared.timeline import (
    WINDOWS,
    Axis,
    Timeline,
    following,
    next_window,
    on_axis,
    panned,
    paused,
    pointed,
    pointed_at_end,
    resized,
    without_cursor,
    zoomed,
)

NOW = 1_800_000_000.0
TIMELINES = st.builds(
    Timeline,
    st.sampled_from(WINDOWS),
    st.none() | st.floats(NOW - 1e7, NOW),
    st.none() | st.floats(NOW - 1e7, NOW + 1e7),
)


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    step = float(draw(st.integers(5, 20_000)))
    end = NOW // step * step
    early = draw(st.floats(0.01, 0.99)) * draw(st.sampled_from((0.0, step)))
    return Axis(end - draw(st.floats(1.0, 600.0)) * step, end, end - early, step, draw(st.integers(10, 200)))


@given(TIMELINES, st.integers(-20, 20))
def test_windows_go_from_the_shortest_to_the_longest(timeline: Timeline, by: int) -> None:
    found = resized(timeline, by)
    assert found.window in WINDOWS
    assert (found.window - timeline.window) * by >= 0
    assert (found.end, found.cursor) == (timeline.end, timeline.cursor)
    if WINDOWS[0] < found.window < WINDOWS[-1]:
        assert resized(found, -by) == timeline


def test_windows_are_those_of_five_minutes_to_thirty_days() -> None:
    assert (WINDOWS[0], WINDOWS[-1]) == (300.0, 30 * 86400.0)
    assert list(WINDOWS) == sorted(set(WINDOWS))


@given(TIMELINES)
def test_the_next_window_comes_round(timeline: Timeline) -> None:
    seen = timeline
    for _ in WINDOWS:
        seen = next_window(seen)
    assert seen == timeline


@given(TIMELINES, st.integers(1, 5))
def test_what_was_panned_into_the_past_comes_back(timeline: Timeline, by: int) -> None:
    earlier = panned(timeline, -by, NOW, NOW)
    assert earlier.end is not None
    assert earlier.end < (NOW if timeline.end is None else timeline.end)
    assert earlier.end >= timeline.window
    later = panned(earlier, by, NOW, NOW)
    assert later.end is None or abs(later.end - (timeline.end or NOW)) < 1e-3


@given(TIMELINES, st.integers(0, 5))
def test_nobody_pans_into_the_future(timeline: Timeline, by: int) -> None:
    found = panned(timeline, by, NOW, NOW)
    assert found.end is None or found.end < NOW


@given(TIMELINES)
def test_a_pause_ends_at_now(timeline: Timeline) -> None:
    assert paused(timeline, NOW - 5.0).end == NOW - 5.0
    assert following(paused(timeline, NOW - 5.0)) == following(timeline)


@given(TIMELINES, st.integers(-3, 3), axes())
def test_the_cursor_stays_on_a_moment_that_has_a_point(timeline: Timeline, by: int, axis: Axis) -> None:
    found = pointed(timeline, by, axis).cursor
    assert found is not None
    assert axis.start - 1e-3 <= found <= axis.latest
    assert found == axis.latest or abs((axis.end - found) / axis.step - round((axis.end - found) / axis.step)) < 1e-6
    assert on_axis(found, axis) == found


@given(axes(), st.integers(1, 3))
def test_each_key_moves_the_cursor_by_a_column_at_least_until_it_is_at_the_end(axis: Axis, by: int) -> None:
    came = pointed(Timeline(), -1, axis)
    assert came.cursor == axis.latest
    back = pointed(came, -by, axis)
    first = pointed_at_end(came, axis, last=False).cursor
    assert back.cursor is not None
    assert first is not None
    assert back.cursor < axis.latest or first == axis.latest
    assert first - axis.start < axis.step or first == axis.latest
    for _ in range(axis.columns + 2):
        back = pointed(back, by, axis)
    assert back.cursor == axis.latest


@given(axes())
def test_home_and_end_are_the_ends_of_the_axis_and_leaving_reads_nothing(axis: Axis) -> None:
    assert pointed_at_end(Timeline(), axis, last=True).cursor == axis.latest
    assert without_cursor(pointed_at_end(Timeline(), axis, last=True)).cursor is None


@given(axes(), st.integers(-1, 1), st.floats(0.0, 1.0))
def test_zooming_keeps_the_cursor_in_its_place_and_never_shows_the_future(axis: Axis, by: int, share: float) -> None:
    at = on_axis(axis.start + share * (axis.end - axis.start), axis)
    before = Timeline(1800.0, None, at)
    found = zoomed(before, by, axis, NOW)
    assert found.window == resized(before, by).window
    assert found.cursor == before.cursor
    if found.end is not None:
        assert found.end < NOW
        place = (found.end - at) / found.window
        assert found.end == found.window or abs(place - (axis.end - at) / (axis.end - axis.start)) < 1e-6


@given(axes())
def test_without_a_cursor_zooming_is_another_window(axis: Axis) -> None:
    assert zoomed(Timeline(1800.0, 5000.0), -1, axis, NOW) == Timeline(900.0, 5000.0)
