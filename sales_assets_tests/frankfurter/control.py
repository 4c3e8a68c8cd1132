"""Faults of a running stand-in from outside: a few paths beside the API, on the same server.

Belongs here: what the paths mean. Does not: how they are called (`__main__`), and what they do
(`server`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from sales_assets_tests.frankfurter.answers import Answer
from sales_assets_tests.frankfurter.faults import FAULTS, Fault
from sales_assets_tests.frankfurter.questions import Kind

if TYPE_CHECKING:
    from sales_assets_tests.frankfurter.server import StandIn

PREFIX = "/_"


def handle(stand_in: StandIn, method: str, path: str, body: bytes) -> Answer:
    """Do what is asked, or answer why not."""
    try:
        return _answered(200, _done(stand_in, method, path, json.loads(body or b"{}")))
    except (KeyError, TypeError, ValueError) as wrong:
        return _answered(400, {"message": str(wrong)})


def fault_of(name: str, options: Mapping[str, Any], delay: float) -> Fault:
    """A fault by its name; of the options a date is a text, as JSON has none."""
    if name not in FAULTS:
        raise ValueError(f"no fault {name!r}, but {', '.join(FAULTS)}")
    values = dict(options)
    if values.get("on") is not None:
        values["on"] = date.fromisoformat(values["on"])
    fault = FAULTS[name](**values)
    return fault.delayed(delay) if delay else fault


def _done(stand_in: StandIn, method: str, path: str, asked: dict[str, Any]) -> object:
    match method, path:
        case "POST", "/_faults":
            fault = fault_of(asked["name"], asked.get("options", {}), asked.get("delay", 0.0))
            kind = asked.get("kind")
            stand_in.inject(
                fault,
                nth=asked.get("nth", 1),
                times=asked.get("times", 1),
                kind=None if kind is None else Kind(kind),
            )
        case "DELETE", "/_faults":
            stand_in.clear()
        case "GET", "/_calls":
            return [asdict(call) for call in stand_in.requests]
        case "POST", "/_until":
            until = asked["until"]
            stand_in.publish_until(None if until is None else date.fromisoformat(until))
        case "POST", "/_stop":
            stand_in.told_to_end.set()
        case _:
            raise ValueError(f"nothing is at {method} {path}")
    return {}


def _answered(status: int, document: object) -> Answer:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Answer(status, json.dumps(document).encode(), headers)
