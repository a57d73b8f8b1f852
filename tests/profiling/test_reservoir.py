"""Samples of lines: fair, in order, the same each time, and bounded."""

from __future__ import annotations

from collections.abc import Iterator

from eqlite.events.readers import RawBlock
from eqlite.profiling.reservoir import sample_lines


def blocks(count: int, length: int = 4) -> Iterator[RawBlock]:
    for start in range(0, count, 100):
        lines = [b"%0*d\n" % (length, number) for number in range(start, min(start + 100, count))]
        yield RawBlock("file", start + 1, lines)


def numbers(count: int, limit: int, **options: int) -> list[int]:
    kept, seen = sample_lines(blocks(count), limit, **options)
    assert seen == count
    assert all(int(line.data) + 1 == line.line for line in kept)
    return [int(line.data) for line in kept]


def test_few_lines_are_all_taken() -> None:
    assert numbers(30, 100) == list(range(30))


def test_of_many_lines_some_are_taken_from_everywhere_in_order() -> None:
    kept = numbers(10_000, 1_000)
    assert len(kept) == 1_000
    assert kept == sorted(set(kept))
    in_tenths = [sum(start <= number < start + 1_000 for number in kept) for start in range(0, 10_000, 1_000)]
    assert min(in_tenths) > 60


def test_the_sample_of_an_input_is_always_the_same() -> None:
    assert numbers(5_000, 50) == numbers(5_000, 50)


def test_long_lines_make_the_sample_smaller() -> None:
    kept = numbers(1_000, 500, most_bytes=500)
    assert 80 <= len(kept) <= 100
    assert max(kept) > 800
    assert len(numbers(10, 5, most_bytes=1)) == 1


def test_blank_lines_do_not_count() -> None:
    kept, seen = sample_lines([RawBlock("f", 1, [b"\n", b"1\n", b"  \n", b"2"])], 10)
    assert ([(line.line, line.data) for line in kept], seen) == ([(2, b"1"), (4, b"2")], 2)
