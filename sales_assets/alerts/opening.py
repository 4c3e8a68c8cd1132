"""The router of an installation, as its settings say.

Belongs here: putting its parts together, for the sensor, the commands and the webserver. Does not:
any of them.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import dagster as dg

from sales_assets.alerts.asked_services import beside, database_service, services_of
from sales_assets.alerts.book import Rules
from sales_assets.alerts.build import build_routes
from sales_assets.alerts.database_away import DatabaseAway
from sales_assets.alerts.events import Events
from sales_assets.alerts.known_assets import KnownAssets
from sales_assets.alerts.loaded_code import LoadedCode, Names, OwnCode
from sales_assets.alerts.parked import ParkedDays
from sales_assets.alerts.problems import BESIDE, StateSource
from sales_assets.alerts.router import Router
from sales_assets.alerts.routes import Routes
from sales_assets.alerts.services import Services
from sales_assets.alerts.silence import SilentLocations
from sales_assets.alerts.states import CodeLocations, Daemon, Ticks
from sales_assets.alerts.store import AlertStore, alert_store
from sales_assets.alerts.wording import Wording
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import ContractError, UsageError
from sales_assets.platform.options import Part
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import TeamsFile, read_teams_if_right
from sales_assets.settings import Settings

_log = logging.getLogger("sales_assets.alerts")


class Alerts:
    """What alerts know of an installation."""

    def __init__(
        self,
        settings: Settings,
        contracts: Sequence[SourceContract] | None = None,
        assets: KnownAssets | None = None,
    ) -> None:
        """Without `contracts` and `assets` they are those of the whole installation."""
        self._settings = settings
        self._contracts = contracts
        self._assets = assets
        self._database: DatabaseAway | None = None
        self._loaded: dict[str, tuple[str, Names]] = {}

    @property
    def store(self) -> AlertStore:
        """Where incidents and messages are."""
        return alert_store(self._settings.catalogue_address)

    @property
    def contracts(self) -> Sequence[SourceContract]:
        """Of all sources; none while one is wrong: alerts go on, by the other routes."""
        if self._contracts is not None:
            return self._contracts
        try:
            self._contracts = load_contracts([self._settings.contracts_folder])
        except ContractError as error:
            _log.warning("Alerts do without the channels of contracts: %s", error)
        return self._contracts or ()

    @cached_property
    def assets(self) -> KnownAssets:
        """All assets, whichever code locations make them."""
        if self._assets is not None:
            return self._assets
        from sales_assets.build import build_definitions

        whole = self._settings.model_copy(update={"part": Part.EVERYTHING, "team": None})
        try:
            specs = build_definitions(whole).resolve_all_asset_specs()
        except Exception as error:  # noqa: BLE001 (logged; just then alerts are needed)
            _log.warning("Alerts cannot say what is affected, nor whose it is: %s", error)
            return KnownAssets()
        return KnownAssets.of(specs, self.contracts)

    @cached_property
    def _teams_file(self) -> TeamsFile | None:
        file = self._settings.teams_file
        try:
            return TeamsFile(file) if file else None
        except UsageError:
            return None

    def teams(self) -> Teams | None:
        """The teams as the file has them now; None without one, or one that is wrong."""
        if self._teams_file is not None:
            return self._teams_file.current()
        file = self._settings.teams_file
        return read_teams_if_right(file) if file else None

    def team_of(self, location: str) -> str | None:
        """The team of a code location."""
        teams = self.teams()
        return teams.team_of_location(location) if teams else None

    def routes(self) -> Routes:
        """All routes as they are now."""
        contracts, teams = self.contracts, self.teams()
        is_whole = self._contracts is not None and (teams or not self._settings.teams_file)
        routes = build_routes(self._settings, contracts, teams)
        return replace(routes, is_whole=bool(is_whole))

    @property
    def wording(self) -> Wording:
        """The texts, with links to where people reach the UI."""
        return Wording(self._settings.public_url or self._settings.ui_address)

    def rules(self) -> Rules:
        """How incidents are told now."""
        return Rules(
            self.routes(),
            self.wording,
            self._settings.alerts_escalate_after,
            timedelta(seconds=self._settings.alerts_hold_seconds),
        )

    def router(
        self,
        instance: dg.DagsterInstance,
        workspace: Path,
        own: OwnCode | None = None,
        *,
        watches_daemon: bool = False,
    ) -> Router:
        """What does passes; the daemon can only be watched by another process."""
        seconds = self._settings.alerts_answer_seconds
        asker = f"{socket.gethostname()}, {'beside the daemon' if watches_daemon else 'daemon'}"
        code = LoadedCode(instance, workspace, own, seen=self._loaded)
        sources: list[StateSource] = [
            Services(list(services_of(self._settings)), seconds, asker=asker),
            Ticks(instance, self.team_of, code.has, self.store.was_closed),
            CodeLocations(workspace, self.team_of, seconds),
            ParkedDays(self._settings.catalogue_address, self.assets),
        ]
        if watches_daemon:
            silent = self._settings.alerts_daemon_seconds
            if asked := list(beside(self._settings)):
                sources.append(Services(asked, seconds, BESIDE, asker))
            sources.append(Daemon(instance, silent))
            sources.append(SilentLocations(instance, workspace, silent, self.team_of))
        if self._database is None and not self._settings.catalogue_address.startswith("sqlite"):
            service = database_service(self._settings)
            self._database = DatabaseAway(service, seconds, tells=watches_daemon)
        return Router(
            *(self.store, Events(instance, self.assets), sources, self.rules),
            database=self._database,
            asker=asker,
        )
