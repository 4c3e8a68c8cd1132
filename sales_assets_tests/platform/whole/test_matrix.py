"""Everybody tries every mutation on every team's code location, over HTTP, against the command.

A test is one mutation; a failure names the cell: person, code location and what was wrong.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from dagster_graphql.schema import create_schema

from sales_assets_tests.platform.operations import (
    ARGUMENTS,
    SLOW,
    WITHOUT_SUCCESS,
    document,
    is_denied,
)
from sales_assets_tests.platform.small import LOCATIONS
from sales_assets_tests.platform.whole.persons import (
    ALL,
    OF_EVERYBODY,
    PERSONS,
    Who,
    may,
)
from sales_assets_tests.platform.whole.stack import Stack

MARK = "s3cret-of-the-caller"
_MARKED = {"cursor", "partitionKey", "serializedMetadata", "attributes"}
WRITES_NOTHING = (
    WITHOUT_SUCCESS
    | SLOW
    | {"scheduleDryRun", "sensorDryRun", "deleteDynamicPartitions", *OF_EVERYBODY}
    | {"setAutoMaterializePaused", "freeConcurrencySlots", "freeConcurrencySlotsForRun"}
)
"""Those that leave Dagster's databases as they are, though they are done: it is so already, or the
run holds no slot."""

RELOADS = {("gustav@example.com", "gamma"), ("root@example.com", "beta")}
"""Who starts code servers anew: some seconds each, so that not everybody does who may."""
BEFORE = {
    "startSchedule": "stopRunningSchedule",
    "stopRunningSchedule": "startSchedule",
    "startSensor": "stopSensor",
    "stopSensor": "startSensor",
    "wipeAssets": "reportRunlessAssetEvents",
}
"""What has to be done before, that there is something to do."""


def marked(given: Any) -> Any:
    """Arguments whose free texts hold a secret."""
    if isinstance(given, list):
        return [marked(one) for one in given]
    if not isinstance(given, dict):
        return given
    found = {
        name: json.dumps({MARK: value}) if name in _MARKED else marked(value)
        for name, value in given.items()
    }
    if "jobName" in found.get("selector", {}):
        found["runConfigData"] = {"ops": {"work": {"config": {"password": MARK}}}}
    return found


def test_the_table_has_every_mutation_of_dagster_once() -> None:
    root = create_schema().graphql_schema.mutation_type
    assert root is not None
    assert sorted(ALL) == sorted(root.fields)


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_each_person_does_to_each_location_what_their_role_allows(whole: Stack, name: str) -> None:
    wrong = {}
    for who in PERSONS.values():
        whole.of(who)  # signs in, which is told as well
    for location in LOCATIONS:
        arguments = marked(ARGUMENTS[name](whole.place(location)))
        whole.told()  # of what was made for it
        denied_first = sorted(PERSONS.values(), key=lambda who: may(who, name, location))
        for who in denied_first:
            if may(who, name, location):
                if name in SLOW and (who.name, location) not in RELOADS:
                    continue
                place = whole.place(location)
                if before := BEFORE.get(name):
                    place.ask(document(before), ARGUMENTS[before](place))
                arguments = marked(ARGUMENTS[name](place))
                whole.told()
                found = _done(whole, who, name, arguments)
            else:
                found = _denied(whole, who, name, location, arguments)
            if found:
                wrong[who.name, location] = found
    assert wrong == {}


def _done(whole: Stack, who: Who, name: str, arguments: dict[str, Any]) -> str:
    """What is wrong with what somebody does who may."""
    before = whole.written()
    answer = whole.post(who, document(name), arguments).json()
    if is_denied(answer):
        return f"denied: {answer}"
    if name not in WITHOUT_SUCCESS and ("errors" in answer or "Error" in str(answer["data"])):
        return f"not done: {answer}"
    if name not in WRITES_NOTHING and whole.written() == before:
        return f"nothing was written: {answer}"
    if name in OF_EVERYBODY:
        return "told" if whole.told() else ""
    outcomes = {"refused", "failed", "succeeded"} if name in WITHOUT_SUCCESS else {"succeeded"}
    return _untold(whole, who, name, outcomes)


def _denied(whole: Stack, who: Who, name: str, location: str, arguments: dict[str, Any]) -> str:
    """What is wrong with the refusal to somebody who may not."""
    before = whole.written()
    answer = whole.post(who, document(name), arguments)
    if whole.written() != before:
        return f"something was written: {answer.text}"
    if not who.is_in:
        rows = whole.told()
        return "" if answer.status_code == 401 and not rows else f"{answer.text} {rows}"
    if not is_denied(answer.json()):
        return f"not denied: {answer.text}"
    if who.role(location) == 0 and location in answer.text:
        return f"named what is hidden: {answer.text}"
    return _untold(whole, who, name, {"denied"})


def _untold(whole: Stack, who: Who, name: str, outcomes: set[str]) -> str:
    """What is wrong with what the audit log has of the last operation."""
    rows = whole.told()
    if len(rows) != 2 or rows[1].about != rows[0].number:
        return f"told otherwise: {rows}"
    intent, outcome = rows
    if (intent.user_name, intent.operation) != (who.name, name) or not intent.address:
        return f"told of another: {intent}"
    if outcome.outcome not in outcomes:
        return f"told as {outcome.outcome}: {outcome.detail}"
    if MARK in f"{rows}":
        return f"told with an argument: {rows}"
    return ""
