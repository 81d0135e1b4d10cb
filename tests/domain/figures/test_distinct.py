"""Counting different people without a list of them."""

import hashlib

import pytest

from sessions_app.domain.figures import distinct


def sketch(names: range) -> dict[int, int]:
    registers: dict[int, int] = {}
    for name in names:
        index, rank = distinct.register(hashlib.blake2b(str(name).encode(), digest_size=8).digest())
        registers[index] = max(rank, registers.get(index, 0))
    return registers


@pytest.mark.parametrize("number", [0, 1, 2, 10, 100])
def test_few_people_are_counted_within_some_percent(number):
    assert abs(distinct.estimate(sketch(range(number))) - number) <= max(0.5, number * 0.04)


@pytest.mark.parametrize("number", [1_000, 5_000, 20_000, 200_000])
def test_many_are_counted_within_four_standard_errors(number):
    assert distinct.estimate(sketch(range(number))) == pytest.approx(number, rel=4 * 0.023)


def test_somebody_who_comes_again_is_counted_once():
    once = sketch(range(500))
    assert sketch(range(500)) | once == once


def test_merged_sketches_count_everybody_once():
    first, second = sketch(range(3_000)), sketch(range(2_000, 5_000))
    merged = {
        index: max(first.get(index, 0), second.get(index, 0)) for index in first.keys() | second
    }
    assert merged == sketch(range(5_000))


def test_a_register_is_one_of_those_there_are():
    for number in range(2_000):
        digest = hashlib.blake2b(bytes([number % 256, number // 256]), digest_size=8).digest()
        index, rank = distinct.register(digest)
        assert 0 <= index < distinct.REGISTERS
        assert 1 <= rank <= 54
