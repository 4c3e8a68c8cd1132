"""Messages that are really sent, and the incidents they tell of.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sales_assets.alerts.outbox import Message
from sales_assets.alerts.problems import Severity
from sales_assets.alerts.routes import Route
from sales_assets.alerts.sending import send
from sales_assets_tests.alerts.scene import Scene

OPENED, RECOVERED = "ERROR retail/shop: shop failed", "RECOVERED retail/shop: shop failed"


def to(name: str, address: str) -> Route:
    return Route(name, lambda: address, team="retail")


def scene_of(folder: Path, *routes: Route) -> Scene:
    """A scene whose messages are really sent."""
    scene = Scene(folder, *routes)
    scene.channels.send = send  # type: ignore[method-assign]
    scene.router = scene.another()
    return scene


def fails_and_recovers(scene: Scene, key: str = "shop") -> None:
    scene.events.fails(key)
    scene.passes(minutes=1)
    scene.events.is_mended(key)
    scene.passes(minutes=1)


def a_message() -> Message:
    names = {"name": "1:opened:x", "incident": "1", "kind": "opened", "channel": "x"}
    return Message(
        number=1,
        severity=Severity.ERROR,
        title="ERROR shop failed",
        text="What: shop failed",
        attempts=1,
        lease="",
        put_at=datetime.now(UTC),
        **names,
    )
