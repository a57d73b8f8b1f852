"""What is kept for samples."""

from __future__ import annotations

import eqlite


def test_a_sample_holds_no_more_events_a_key_than_needed() -> None:
    query = eqlite.compile("sample by host [any where a == 1] [any where b == 1]", max_samples_per_key=3)
    search = query.new_search()
    for place in range(600):
        search.take({"host": f"h{place % 5}", "a": 1, "b": place % 3}, place, place)
    found = [result.events for result in search.results()]
    assert found[:6] == [(0, 10), (0, 25), (0, 40), (1, 16), (1, 31), (1, 46)]
    assert len(search.references) <= 5 * 2 * 4
