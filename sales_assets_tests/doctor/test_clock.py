from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sales_assets.doctor.clock import POSTGRESQL, S3, SNOWFLAKE, Clock, compared
from sales_assets.doctor.findings import Severity


@pytest.mark.parametrize(
    ("clock", "apart", "asked_for", "severity", "told"),
    [
        (S3, 0, 0, Severity.OK, "within 0 s"),
        (SNOWFLAKE, -20, 0, Severity.OK, "within 20 s"),
        (SNOWFLAKE, -20, 50, Severity.OK, "within 0 s"),  # their clock was read while we waited
        (SNOWFLAKE, -100, 50, Severity.PROBLEM, "50 s ahead of"),
        (S3, -100, 50, Severity.WARNING, "50 s ahead of"),
        (S3, -3600, 0, Severity.PROBLEM, "3,600 s ahead of"),
        (SNOWFLAKE, 3600, 0, Severity.PROBLEM, "s behind"),
        (POSTGRESQL, 3600, 0, Severity.WARNING, "s behind"),
    ],
)
def test_clocks_are_apart_by_what_the_wait_for_an_answer_does_not_explain(
    clock: Clock, apart: float, asked_for: float, severity: Severity, told: str
) -> None:
    now = datetime.now(UTC)
    theirs, before = now + timedelta(seconds=apart), now - timedelta(seconds=asked_for)
    found = compared(clock, theirs, before)
    assert (found.check, found.severity) == (f"clock of {clock.service}", severity)
    assert told in found.found
    assert bool(found.to_do) == (severity is not Severity.OK)
