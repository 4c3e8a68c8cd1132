"""The routes of an installation, from its settings, teams.yaml and the contracts.

Belongs here: which routes there are, and where each one's address is found when it is needed. Does
not: choosing among them (`routes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic import SecretStr

from sales_assets.alerts.addresses import checked, of_support
from sales_assets.alerts.hours import Daily, Quiet
from sales_assets.alerts.problems import Severity
from sales_assets.alerts.routes import LOG, LOG_ROUTE, Route, Routes
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import PermanentError
from sales_assets.platform.teams import AlertRoute, Teams
from sales_assets.settings import Settings, variable


def build_routes(
    settings: Settings, contracts: Iterable[SourceContract], teams: Teams | None
) -> Routes:
    """All routes; the log where nothing else is for what is nobody's.

    The channels of contracts are used where the installation sends anything at all: on a laptop
    whose settings say nothing, a contract's channel gets no messages.
    """
    quiet = Quiet.parse(settings.alerts_quiet) if settings.alerts_quiet else None
    digest = Daily.parse(settings.alerts_digest) if settings.alerts_digest else None
    routes = _of_teams(settings, teams, quiet)
    if teams is not None or settings.alerts_url or settings.alerts_smtp_url:
        routes += _of_contracts(settings, contracts, quiet)
    default = [
        Route(name, _known(address, number), quiet=quiet, digest=digest)
        for number, (name, address) in enumerate(_defaults(settings).items(), start=1)
    ]
    return Routes((*_apart(routes), *(default or [LOG_ROUTE])))


def default_channels(settings: Settings) -> list[str]:
    """The names of the routes that are told of what is nobody's."""
    return [*_defaults(settings)] or [LOG]


def team_channels(teams: Teams | None) -> dict[str, str]:
    """The names of the routes of teams.yaml -> their team."""
    of = teams.teams if teams else {}
    return {_name(name, route): name for name, team in of.items() for route in team.alerts}


def _name(team: str, route: AlertRoute) -> str:
    return f"{team}.{route.name}"


def _defaults(settings: Settings) -> dict[str, str]:
    """The addresses of the settings by the names of their routes."""
    addresses = _secret(settings.alerts_url).split()
    return {f"default.{number}": address for number, address in enumerate(addresses, start=1)}


def _known(address: str, number: int) -> Callable[[], str]:
    return lambda: checked(address, f"address {number} of SALES_ASSETS_ALERTS_URL")


def _of_teams(settings: Settings, teams: Teams | None, quiet: Quiet | None) -> list[Route]:
    return [
        Route(
            _name(name, route),
            _address_of(settings, name, route),
            team=name,
            severity=Severity(route.severity),
            quiet=Quiet.parse(route.quiet) if route.quiet else quiet,
            digest=Daily.parse(route.digest) if route.digest else None,
        )
        for name, team in (teams.teams if teams else {}).items()
        for route in team.alerts
    ]


def _address_of(settings: Settings, team: str, route: AlertRoute) -> Callable[[], str]:
    """Where a team's address is: in teams.yaml, the team's secrets, or the environment."""

    def found() -> str:
        if route.url is not None:
            return checked(route.url, f"teams.{team}.alerts: the url of {route.name}")
        from sales_assets.platform.deployments.folders import Folders
        from sales_assets.platform.deployments.secrets import read_secrets

        name, file = str(route.url_from), Folders(settings.home).secrets(team)
        address = read_secrets(file).get(name) or variable(name)
        if not address:
            raise PermanentError(
                f"teams.{team}.alerts: {route.name} is sent to what {name} says; write it into "
                f"{file}, or set it in the environment"
            )
        return checked(address, name)

    return found


def _of_contracts(
    settings: Settings, contracts: Iterable[SourceContract], quiet: Quiet | None
) -> list[Route]:
    smtp = _secret(settings.alerts_smtp_url) or None
    found = []
    for contract in contracts:
        for number, (tool, channel) in enumerate(contract.support, start=1):
            if (address := of_support(tool, channel, smtp)) is not None:
                found.append(
                    Route(
                        f"{contract.name}.{number}",
                        lambda address=address: address,  # type: ignore[misc]
                        team=contract.team,
                        source=contract.name,
                        quiet=quiet,
                    )
                )
    return found


def _apart(routes: Iterable[Route]) -> list[Route]:
    """The routes without a source's channel that its team has too: it would be told twice."""
    kept: list[Route] = []
    for route in routes:
        same = (one for one in kept if one.team == route.team and _address(one) == _address(route))
        if route.source is None or not any(same):
            kept.append(route)
    return kept


def _address(route: Route) -> str | None:
    try:
        return route.address()
    except PermanentError:
        return None


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
