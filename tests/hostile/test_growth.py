"""The measure of growth itself: it lets linear work pass and notices quadratic work."""

from __future__ import annotations

import pytest
from tests.hostile.growth import assert_linear


def test_linear_work_passes() -> None:
    assert_linear(lambda size: sum(range(size)), 20_000)


def test_quadratic_work_is_noticed() -> None:
    with pytest.raises(AssertionError, match="times the time for 8 times the input"):
        assert_linear(lambda size: [sum(range(size)) for _ in range(size)], 150)
