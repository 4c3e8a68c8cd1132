"""What the audit log says that a mutation is about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sales_assets.platform.touched import named


def test_a_name_with_a_comma_does_not_look_like_two() -> None:
    assert named("job", ["alpha/load", "beta/load"], []).target == "job:alpha/load,beta/load"
    assert named("job", ["alpha/load,beta/load"], []).target == 'job:"alpha/load,beta/load"'


@given(st.lists(st.text('ab,"\\\n ', max_size=5), min_size=1, max_size=5, unique=True))
def test_different_names_have_different_targets(names: list[str]) -> None:
    targets = {named("job", names[:n], []).target for n in range(1, len(names) + 1)}
    assert len(targets) == len(names)
    assert named("job", [",".join(names)], []).target not in targets or len(names) == 1
