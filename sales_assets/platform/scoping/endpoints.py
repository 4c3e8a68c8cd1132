"""The webserver's routes beside GraphQL, as one person may use them.

Belongs here: downloads of logs, debug files and notebooks, and reports of asset events. Does not:
who may report (`permissions`), or what GraphQL answers (the scoped instance does).

What is hidden is answered as what does not exist, after the same steps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from dagster import DagsterInstance
from dagster._core.storage.cloud_storage_compute_log_manager import CloudStorageComputeLogManager
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from typing_extensions import override

from sales_assets.platform.scoping.ahead import ContextsAhead
from sales_assets.platform.scoping.closed import RefusedError
from sales_assets.platform.scoping.named import named_by
from sales_assets.platform.scoping.scoped import sight_of
from sales_assets.platform.scoping.sight import is_plain_name

_TYPES = {"out": ComputeIOType.STDOUT, "err": ComputeIOType.STDERR}


class ScopedEndpoints(ContextsAhead):
    """The routes beside GraphQL; a mixin for the webserver's class."""

    @override
    async def download_captured_logs_endpoint(self, request: Request) -> Response:
        *log_key, extension = request.path_params["path"].split("/")
        with await run_in_threadpool(self._make_request_context, request) as context:
            file = await run_in_threadpool(captured_file, context.instance, log_key, extension)
        if file is None:
            raise HTTPException(404, detail="No log files available for download")
        return FileResponse(file, filename=f"{'__'.join(log_key)}.{extension}")

    @override
    async def download_debug_file_endpoint(self, request: Request) -> Response:
        run_id = request.path_params["run_id"]
        with await run_in_threadpool(self._make_request_context, request) as context:
            known = is_plain_name(run_id) and await run_in_threadpool(
                context.instance.has_run, run_id
            )
        if not known:
            raise HTTPException(404, detail="No such run")
        await self.make_ahead(request)
        answer: Response = await super().download_debug_file_endpoint(request)
        return answer

    @override
    async def download_notebook(self, request: Request) -> Response:
        name = request.query_params.get("repoLocName", "")
        path = request.query_params.get("path", "")
        with await run_in_threadpool(self._make_request_context, request) as context:
            entry = context.get_location_entry(name)
            location = entry.code_location if entry else None
            if location is None or path not in named_by(location).notebooks:
                raise HTTPException(404, detail="No such notebook")
        await self.make_ahead(request)
        answer: Response = await super().download_notebook(request)
        return answer

    @override
    async def report_asset_materialization_endpoint(self, request: Request) -> JSONResponse:
        return await self._answered(super().report_asset_materialization_endpoint, request)

    @override
    async def report_asset_check_endpoint(self, request: Request) -> JSONResponse:
        return await self._answered(super().report_asset_check_endpoint, request)

    @override
    async def report_asset_observation_endpoint(self, request: Request) -> JSONResponse:
        return await self._answered(super().report_asset_observation_endpoint, request)

    async def _answered(
        self, endpoint: Callable[[Request], Awaitable[JSONResponse]], request: Request
    ) -> JSONResponse:
        """The answer; about an asset that is only named, that of one that does not exist."""
        await self.make_ahead(request)
        try:
            return await endpoint(request)
        except RefusedError:
            error = "Not authorized to report runless asset events."
            return JSONResponse({"error": error}, status_code=401)


def captured_file(instance: DagsterInstance, log_key: Sequence[str], extension: str) -> Path | None:
    """The file of captured logs, fetched from the cloud if need be; None if there is none to see.

    A log key is a run's, a backfill's or a tick's; none of its parts may lead elsewhere.
    """
    if not log_key or extension not in _TYPES or not all(is_plain_name(part) for part in log_key):
        return None
    sight = sight_of(instance)
    if sight is not None and not sight.log_key(log_key):
        return None
    manager = (sight.instance if sight else instance).compute_log_manager
    if isinstance(manager, CloudStorageComputeLogManager):
        kind = _TYPES[extension]
        if manager.cloud_storage_has_logs(log_key, kind) and not manager.has_local_file(
            log_key, kind
        ):
            manager.download_from_cloud_storage(log_key, kind)
        return _own_file(manager.local_manager, log_key, extension)
    if isinstance(manager, LocalComputeLogManager):
        return _own_file(manager, log_key, extension)
    return None


def _own_file(
    manager: LocalComputeLogManager, log_key: Sequence[str], extension: str
) -> Path | None:
    """The file that a log key names; None if it is a link, or behind one."""
    try:
        file = Path(manager.get_captured_local_path(log_key, extension))
        root = Path(manager.get_captured_local_path(log_key[:1], extension)).parent
    except ValueError:  # leads out of the manager's directory
        return None
    folder = root.joinpath(*log_key[:-1])
    names = {file.name, f"{log_key[-1]}.{extension}"}
    if file.parent != folder or any((folder / name).is_symlink() for name in names):
        return None
    return file if file.is_file() else None
