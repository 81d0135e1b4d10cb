"""Where bars stand, and how numbers are written."""

import pytest

from sessions_app.review.dashboard.charts import (
    HEIGHT,
    WIDTH,
    Series,
    chart,
    in_bytes,
    rounded_up,
    short,
)

DAYS = ["Mon", "Tue", "Wed", "Thu"]


def test_bars_stand_on_the_ground_and_on_one_another():
    drawn = chart(DAYS, [Series("a", "x", [1, 2, 0, None]), Series("b", "y", [3, 0, 4, None])])
    first = drawn.columns[0].bars
    assert [bar.css for bar in first] == ["x", "y"]
    assert float(first[0].y) + float(first[0].height) == HEIGHT
    assert float(first[1].y) == 0
    assert float(first[1].y) + float(first[1].height) == pytest.approx(float(first[0].y))
    assert [len(column.bars) for column in drawn.columns] == [2, 1, 1, 0]


def test_every_bar_is_inside_of_the_drawing():
    names = [str(n) for n in range(90)]
    drawn = chart(names, [Series("a", "x", [n * 37.5 for n in range(90)])])
    for column in drawn.columns:
        for bar in column.bars:
            assert 0 <= float(bar.x) <= float(bar.x) + float(bar.width) <= WIDTH
            assert 0 <= float(bar.y) <= float(bar.y) + float(bar.height) <= HEIGHT + 0.01


def test_the_table_tells_nothing_from_not_counted():
    drawn = chart(DAYS, [Series("a", "x", [1, 0, None, 1_234])])
    assert drawn.rows == [
        ("Mon", ["1"]), ("Tue", ["0"]), ("Wed", ["not counted"]), ("Thu", ["1,234"]),
    ]  # fmt: skip
    assert drawn.columns[3].tooltip == "Thu: a 1,234"


def test_what_is_written_is_escaped():
    drawn = chart(["<b>"], [Series("a & b", "x", [1])])
    assert "<title>&lt;b&gt;: a &amp; b 1</title>" in drawn.drawing
    assert '<th scope="row">&lt;b&gt;</th><td>1</td>' in drawn.table


def test_without_a_value_there_is_nothing_to_draw():
    assert chart(DAYS, [Series("a", "x", [None, 0, None, 0])]).is_empty
    assert not chart(DAYS, [Series("a", "x", [None, 0, 1, 0])]).is_empty


def test_few_columns_are_all_named_and_many_only_at_their_ends():
    assert chart(DAYS, [Series("a", "x", [1] * 4)]).names == DAYS
    many = [str(n) for n in range(30)]
    assert chart(many, [Series("a", "x", [1] * 30)]).names == ("0", "29")


@pytest.mark.parametrize(
    ("value", "top"), [(0, 4), (3, 4), (5, 5), (11, 15), (99, 100), (545, 600), (6_001, 8_000)]
)
def test_a_scale_ends_with_a_round_number(value, top):
    assert rounded_up(value) == top


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (950, "950"), (2.5, "2.5"), (9_999, "9,999"), (12_400, "12.4k"), (3_000_000, "3M")],
)
def test_numbers_are_short(value, written):
    assert short(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2.4e9, "2.4 GB"), (7e12, "7.0 TB")],
)
def test_sizes_are_written_with_their_unit(value, written):
    assert in_bytes(value) == written


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0, 1_200, 0, None], ("Tue", "1,200")),
        ([0, 0, None, 0], None),
        ([1, 2, 0, 0], None),
    ],
)
def test_a_chart_with_one_bar_says_so(values, said):
    assert chart(DAYS, [Series("a", "x", values)]).only == said


def test_the_only_bar_of_several_series_names_each():
    drawn = chart(DAYS, [Series("Kept", "x", [None, None, 60, None]),
                         Series("Trimmed", "y", [None, None, 40, None])])  # fmt: skip
    assert drawn.only == ("Wed", "Kept 60, Trimmed 40")


def test_a_chart_of_a_single_column_needs_no_word_about_it():
    assert chart(["Today"], [Series("a", "x", [3])]).only is None
