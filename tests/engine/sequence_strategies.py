"""Sequences, and events that often meet their stages."""

from __future__ import annotations

from hypothesis import strategies as st


def written(query: str) -> str:
    """Return a query with its conditions in full: `[A]` stands for `[any where kind == "A"]`."""
    for letter in "ABCDU":
        query = query.replace(f"[{letter}]", f'[any where kind == "{letter}"]')
    return query


MAXSPANS = st.sampled_from(["", " with maxspan=1s", " with maxspan=3s", " with maxspan=20s"])


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Return a sequence of two to four stages, over the events of `inputs`."""
    keys = draw(st.sampled_from(["", " by k", " by ?k", " by k, j"]))
    count = draw(st.integers(2, 4))
    missing = draw(st.sets(st.integers(0, count - 1), max_size=count - 1))
    maxspan = draw(MAXSPANS.filter(bool)) if missing else draw(MAXSPANS)
    stages = [f"{'!' if n in missing else ''}[{draw(st.sampled_from('ABC'))}]" for n in range(count)]
    runs = draw(st.sampled_from(["", "", " with runs=2"]))
    until = draw(st.sampled_from(["", " until [U]"]))
    pipe = draw(st.sampled_from(["", "", "", " | head 2", " | tail 2", " | head 3 | tail 1"]))
    return written(f"sequence{keys}{maxspan} {' '.join(stages)}{runs}{until}{pipe}")


KINDS = st.sampled_from([*"ABCU", ["A", "B"], ["A", "U"], ["B", "U"]])  # an event may meet several stages
KEYS = st.sampled_from([None, "x", "y", ["x", "y"], 1, "1"])


@st.composite
def inputs(draw: st.DrawFn) -> list[dict]:
    """Return events that are at most two seconds late."""
    events, now = [], 0
    for number in range(draw(st.integers(0, 16))):
        now += draw(st.integers(0, 1500))
        late = draw(st.sampled_from([0, 0, 0, 700, 2000]))
        extra = draw(st.sampled_from([{}, {"t": 1}, {"t": 2}]))
        document = {"@timestamp": now - late, "kind": draw(KINDS), "n": number, **extra}
        events.append({**document, "k": draw(KEYS), "j": draw(KEYS)})
    return events
