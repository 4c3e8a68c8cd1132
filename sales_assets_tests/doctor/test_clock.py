from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sales_assets.doctor.clock import FAR_APART, compared
from sales_assets.doctor.findings import Severity


@pytest.mark.parametrize(
    ("apart", "asked_for", "severity", "told"),
    [
        (0, 0, Severity.OK, "within 0 s"),
        (-20, 0, Severity.OK, "within 20 s"),
        (-20, 50, Severity.OK, "within 0 s"),  # their clock was read while we waited
        (-100, 50, Severity.PROBLEM, "50 s ahead of"),
        (-3600, 0, Severity.PROBLEM, "3,600 s ahead of"),
        (3600, 0, Severity.PROBLEM, "s behind"),
    ],
)
def test_clocks_are_apart_by_what_the_wait_for_an_answer_does_not_explain(
    apart: float, asked_for: float, severity: Severity, told: str
) -> None:
    now = datetime.now(UTC)
    theirs, before = now + timedelta(seconds=apart), now - timedelta(seconds=asked_for)
    found = compared("S3", theirs, before)
    assert (found.check, found.severity) == ("clock of S3", severity)
    assert told in found.found
    assert bool(found.to_do) == (severity is Severity.PROBLEM)


def test_a_sign_in_to_snowflake_is_not_yet_refused_at_the_limit() -> None:
    assert FAR_APART < 60
