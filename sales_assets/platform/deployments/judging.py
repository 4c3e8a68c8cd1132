"""Whether a release may serve: what its code server says that it has.

Belongs here: the rules that a location has to obey. Does not: those of the keys (`prefixes`). The
server is asked from outside, so that a release cannot be judged by code of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError, DagsterUserCodeUnreachableError
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._core.remote_representation.external_data import AssetNodeSnap
from dagster._grpc.__generated__.dagster_api_pb2 import ListRepositoriesRequest
from dagster_shared.error import SerializableErrorInfo

from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.records import Server
from sales_assets.platform.deployments.servers import MORE_TIME, BrokenReleaseError, client_of
from sales_assets.platform.prefixes import foreign_keys
from sales_assets.platform.teams import Teams

_TEAM = "team:"
_NAMED = 5


def judge(server: Server, location: str, teams: Teams, seconds: float) -> None:
    """Return if a server's definitions are told in time and are the team's to produce.

    Raises BrokenReleaseError with the reason. The caller then ends the server, and with it what
    may still wait for its answer.
    """
    pool = ThreadPoolExecutor(1)
    try:
        nodes = pool.submit(_made_by, server, location, seconds).result(timeout=seconds)
    except TimeoutError as error:
        raise _slow(seconds) from error
    finally:
        pool.shutdown(wait=False)
    _judge_keys([node.asset_key for node in nodes], location, teams)
    _judge_owners([(node.asset_key, node.owners or ()) for node in nodes], location, teams)


def _slow(seconds: float) -> BrokenReleaseError:
    return BrokenReleaseError(
        f"it did not tell its definitions within {seconds:.0f} s of the code server's first "
        f"answer; {MORE_TIME}"
    )


def _made_by(server: Server, location: str, seconds: float) -> list[AssetNodeSnap]:
    """What a server's definitions make."""
    origin = GrpcServerCodeLocationOrigin(
        host="localhost", socket=str(server.socket), location_name=location
    )
    try:
        # Dagster's client would wait for as long as it likes.
        client_of(server)._query("ListRepositories", ListRepositoriesRequest, timeout=ceil(seconds))
        with (
            dg.DagsterInstance.ephemeral() as instance,
            GrpcServerCodeLocation(origin, instance, watch_server=False) as found,
        ):
            return [
                node
                for repository in found.get_repositories().values()
                for node in repository.repository_snap.asset_nodes
                if node.is_executable
            ]
    except DagsterUserCodeProcessError as error:
        why = _first_cause(error.user_code_process_error_infos[0])
        raise BrokenReleaseError(f"its definitions do not load: {why}") from error
    except DagsterUserCodeUnreachableError as error:
        if processes.is_running(server.pid, server.socket):
            raise _slow(seconds) from error
        raise BrokenReleaseError(f"the code server ended while it was asked: {error}") from error


def _judge_keys(keys: Iterable[dg.AssetKey], location: str, teams: Teams) -> None:
    foreign = [key.to_user_string() for key in foreign_keys(keys, location, teams)]
    if foreign:
        name = teams.team_of_location(location)
        own = " or ".join(teams.teams[name].prefixes) if name else "no prefix"
        raise BrokenReleaseError(
            f"it makes {_some(foreign)}, but the assets of {location} begin with {own}; give them "
            "another key, or their contracts another team"
        )


def _judge_owners(
    owned: Iterable[tuple[dg.AssetKey, Iterable[str]]], location: str, teams: Teams
) -> None:
    name = teams.team_of_location(location)
    others = {f"{_TEAM}{other}" for other in teams.teams if other != name}
    foreign = [key.to_user_string() for key, owners in owned if others.intersection(owners)]
    if foreign:
        raise BrokenReleaseError(
            f"it names another team as the owner of {_some(foreign)}; name {_TEAM}{name}"
        )


def _first_cause(error: SerializableErrorInfo) -> str:
    """What went wrong in the team's code, and where."""
    while error.cause is not None:
        error = error.cause
    return "\n".join(text.strip("\n") for text in (error.message, *error.stack[-1:]))


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
