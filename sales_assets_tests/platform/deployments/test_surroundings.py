"""Which of the installation's secrets a team's code server gets."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sales_assets.platform.deployments.records import Release
from sales_assets.platform.deployments.surroundings import surroundings
from sales_assets.platform.teams import Builds, Team
from sales_assets.settings import Settings

GIVEN_TO_SHARED = {
    "SALES_ASSETS_ALERTS_URL": "json://hook",
    "SALES_ASSETS_ALERTS_SMTP_URL": "mailtos://smtp",
    "SALES_ASSETS_AUDIT_URL": "postgresql://db/audit",
    "SALES_ASSETS_AUDIT_KEY": "k" * 64,
    "SALES_ASSETS_AUDIT_OLD_KEYS": "o" * 64,
}


@pytest.mark.parametrize(("builds", "given"), [("shared", GIVEN_TO_SHARED), ("sources", {})])
def test_what_is_shared_alone_opens_the_audit_log_and_sends_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builds: str, given: dict[str, str]
) -> None:
    for name, value in GIVEN_TO_SHARED.items():
        monkeypatch.setenv(name, value)
    release = Release(
        number=1,
        ref="v1",
        commit=None,
        repository=None,
        module="m",
        attribute="defs",
        folder=tmp_path,
        python=Path(sys.executable),
        made_at=datetime.now(UTC),
    )
    team = Team(location="some", prefixes=("some",), builds=Builds(builds))
    found = surroundings(Settings(home=tmp_path), "some", team, release, {})
    assert {name: found[name] for name in GIVEN_TO_SHARED if name in found} == given
