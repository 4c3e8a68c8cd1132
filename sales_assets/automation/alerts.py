"""The sensor that does the passes of alerts in the daemon, and keeps the operations page.

Belongs here: the sensor. Does not: a pass (`alerts.router`), or the page (`operations`).

Without `from __future__ import annotations`: Dagster reads the sensor's annotations as objects.
"""

from functools import cache
from typing import TYPE_CHECKING

import dagster as dg

from sales_assets.operations.known import Known
from sales_assets.platform.deployments.folders import Folders
from sales_assets.report.links import Links
from sales_assets.resources.report_folder import ReportFolder
from sales_assets.settings import Settings

if TYPE_CHECKING:
    from sales_assets.alerts.opening import Alerts

WAITED_SECONDS = 20.0
"""For slow channels: a tick may take a minute."""


def build_alert_sensor(settings: Settings, known: Known) -> dg.SensorDefinition:
    """The sensor; `known` are all assets, those of other code locations among them."""

    @cache
    def alerts() -> "Alerts":
        # Not for loading the definitions: it needs Dagster's storage and daemon.
        from sales_assets.alerts.known_assets import KnownAssets
        from sales_assets.alerts.opening import Alerts

        return Alerts(settings, known.contracts, KnownAssets.of(known.assets, known.contracts))

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of what fails, is late or does not load, and when it is right again; "
        "writes the operations page beside the report.",
    )
    def alert_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from sales_assets.alerts.loaded_code import OwnCode
        from sales_assets.operations.gathering import Gathering
        from sales_assets.operations.keeping import Keeping

        workspace, own = Folders(settings.home).workspace, OwnCode.of(context)
        told = str(alerts().router(context.instance, workspace, own).one_pass(WAITED_SECONDS))
        gathering = Gathering(settings, known, context.instance)
        folder = ReportFolder(path=str(settings.report_folder))
        Keeping(gathering, folder, Links(settings.ui_address)).keep()
        return dg.SkipReason(told)

    return alert_sensor
