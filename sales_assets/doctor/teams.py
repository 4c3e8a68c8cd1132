"""What many teams share: their file, the ways to sign in, the audit log, the code servers.

Belongs here: what keeps people out, entries from being kept, or a team from being served. Does
not: the queue (`instance`). Nothing is looked at where no teams are set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from sales_assets.checks.results import number_of
from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.errors import SalesAssetsError
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import read_teams
from sales_assets.settings import Settings

if TYPE_CHECKING:
    from sales_assets.platform.deployments.folders import Folders


def teams(settings: Settings) -> Iterator[Finding]:
    """Whether the file of the teams is right, and whether somebody could sign in."""
    if settings.teams_file is None:
        return
    found = read_teams(settings.teams_file)
    private = sum(team.private for team in found.teams.values())
    shown = f"{settings.teams_file}: {', '.join(found.teams)}; {private} of them private"
    yield ok("teams", shown)
    yield _ways_in(settings)


def _ways_in(settings: Settings) -> Finding:
    from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path

    tokens = TokensFile(tokens_path(settings)).current().values()
    counting = sum(token.counts for token in tokens)
    ways = [
        *(["a proxy"] if settings.proxy_secret else []),
        *(["OIDC"] if settings.oidc_issuer else []),
        *(["JWT"] if settings.jwt_issuer else []),
        *([number_of(counting, "token")] if counting else []),
    ]
    if not ways:
        return problem(
            "sign-in",
            "nobody could sign in",
            "make a token with `sales-assets token create NAME`, or set an issuer or a proxy",
        )
    return ok("sign-in", f"by {', '.join(ways)}")


def audit_log(settings: Settings) -> Iterator[Finding]:
    """Whether the audit log answers, and is sealed by a key that is known here."""
    if settings.teams_file is None:
        return
    from sales_assets.platform.audit.database import NoAuditLogError
    from sales_assets.platform.audit.opening import open_audit_log

    try:
        opened = open_audit_log(settings, write=False)
    except NoAuditLogError as error:
        yield warning("audit log", "there is none", str(error))
        return
    with closing(opened) as log:
        head = log.head()
    yield ok("audit log", f"{head.number:,} rows; `sales-assets audit verify` looks at all of them")


def code_servers(settings: Settings) -> Iterator[Finding]:
    """Whether each team is served, and its secrets are its own."""
    if settings.teams_file is None:
        return
    from sales_assets.platform.deployments.folders import Folders
    from sales_assets.platform.deployments.overview import overview

    folders = Folders(settings.home)
    yield from _secrets(read_teams(settings.teams_file), folders)
    deployed = overview(folders, settings.deploy_grace_seconds)
    for one in deployed:
        what = f"code server of {one.record.team}"
        if one.state in {"healthy", "stopped"}:
            yield ok(what, one.state)
        else:
            yield problem(what, one.state, "`sales-assets deploy start`; its log says why")
    if not deployed:
        yield ok("code servers", "nothing was deployed on this machine")


def _secrets(found: Teams, folders: Folders) -> Iterator[Finding]:
    from sales_assets.platform.deployments.secrets import read_secrets

    for team in found.teams:
        try:
            read_secrets(folders.secrets(team))
        except SalesAssetsError as error:
            yield warning(f"secrets of {team}", str(error), "without it the team cannot deploy")
