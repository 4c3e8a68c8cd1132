"""From the settings to what is measured.

Belongs here: where the parts of an installation are. Does not: serving (`exporter`, `platform`).
"""

from __future__ import annotations

from collections.abc import Callable

from dagster._core.workspace.context import WorkspaceProcessContext

from sales_assets.alerts.build import default_channels
from sales_assets.metrics.observed import Observed
from sales_assets.platform.teams import Teams
from sales_assets.setting_kinds import ExchangeRatesKind
from sales_assets.settings import Settings


def observed(
    settings: Settings, process: WorkspaceProcessContext, teams: Callable[[], Teams | None]
) -> Observed:
    """What there is to measure of an installation whose workspace is loaded."""
    is_live = settings.exchange_rates is ExchangeRatesKind.LIVE
    return Observed(
        process.instance,
        process.get_current_workspace,
        teams,
        settings.catalogue_address,
        settings.exchange_rates_url.rstrip("/") if is_live else None,
        default_channels(settings),
    )
