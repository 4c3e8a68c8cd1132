"""Fixtures for the stand-in's own tests: one that serves, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sales_assets_tests.frankfurter.server import StandIn


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as serving:
        yield serving


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stand_in.url, timeout=5) as asking:
        yield asking
