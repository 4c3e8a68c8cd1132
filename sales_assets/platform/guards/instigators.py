"""Stopping a sensor or schedule: the one that is authorised is the one that is stopped.

Belongs here: the two ids of such a mutation. Does not: who may stop it (`mutations`).

Dagster authorises the one with the origin id and stops the one with the selector id; one id of
each made it stop another team's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dagster._core.remote_representation.external import RemoteSchedule, RemoteSensor
from dagster._core.remote_representation.handle import CompoundID

from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.refusals import RefusedError
from sales_assets.platform.touched import Arguments, Touched, named

Instigator = RemoteSensor | RemoteSchedule


def sensors(context: TeamRequestContext) -> Iterator[Instigator]:
    """All sensors that the person sees."""
    for location in context.code_locations:
        for repository in location.get_repositories().values():
            yield from repository.get_sensors()


def schedules(context: TeamRequestContext) -> Iterator[Instigator]:
    """All schedules that the person sees."""
    for location in context.code_locations:
        for repository in location.get_repositories().values():
            yield from repository.get_schedules()


def stopped(
    kind: str,
    every: Callable[[TeamRequestContext], Iterator[Instigator]],
    origin_argument: str,
    selector_argument: str,
) -> Callable[[TeamRequestContext, Arguments], Touched]:
    """From the arguments of a mutation that stops to what it stops.

    Raises RefusedError if the two ids are not those of one sensor or schedule.
    """

    def touched(context: TeamRequestContext, arguments: Arguments) -> Touched:
        origin_id, selector_id = _ids(arguments, origin_argument, selector_argument)
        found = next(
            (one for one in every(context) if one.get_remote_origin_id() == origin_id), None
        )
        if found is None:
            # What runs since before its code server was replaced has the origin of the old one.
            found = _selected(every(context), selector_id)
        if found is None:
            return named(kind, [f"{origin_id}:{selector_id}"], [None])
        where = found.handle.location_name
        if found.selector_id != selector_id:
            raise RefusedError(
                f"The two ids are not of one {kind}: {origin_id} is {where}/{found.name}, and "
                f"{selector_id} is not; send those that one {kind} has."
            )
        return named(kind, [f"{where}/{found.name}"], [where])

    return touched


def with_current_origin(
    every: Callable[[TeamRequestContext], Iterator[Instigator]],
    origin_argument: str,
    selector_argument: str,
) -> Callable[[TeamRequestContext, Arguments], Arguments]:
    """The arguments with the origin that the sensor or schedule has now.

    With another one, Dagster asks for the right to stop everything.
    """

    def given(context: TeamRequestContext, arguments: Arguments) -> Arguments:
        _, selector_id = _ids(arguments, origin_argument, selector_argument)
        found = _selected(every(context), selector_id)
        if found is None:
            return arguments
        both = CompoundID(
            remote_origin_id=found.get_remote_origin_id(), selector_id=found.selector_id
        )
        return {"id": both.to_string()}

    return given


def _selected(among: Iterator[Instigator], selector_id: str) -> Instigator | None:
    return next((one for one in among if one.selector_id == selector_id), None)


def _ids(arguments: Mapping[str, Any], origin: str, selector: str) -> tuple[str, str]:
    """The ids as Dagster's resolver takes them: `id`, one id that is two, or two."""
    text = arguments.get("id") or arguments.get(origin) or ""
    if CompoundID.is_valid_string(text):
        both = CompoundID.from_string(text)
        return both.remote_origin_id, both.selector_id
    return str(arguments.get(origin)), str(arguments.get(selector))
