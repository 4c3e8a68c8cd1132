"""The sign-in in a browser, in front of Dagster's own UI: light and dark, and for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from sales_assets.platform.signing_in.build import SigningIn
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import Settings
from sales_assets_tests.browser.accessibility import violations
from sales_assets_tests.browser.conftest import (
    BETWEEN_LOOKS,
    MOST_LOOKS,
    Picture,
    ending_every_process,
)
from sales_assets_tests.platform import small
from sales_assets_tests.platform.signing_in.served import Recorder, running

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocket

pytestmark = pytest.mark.long
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


class Webserver(DagsterWebserver[Any, Any]):
    """Dagster's, behind the sign-in."""

    def __init__(self, context: WorkspaceProcessContext, signing_in: SigningIn) -> None:
        self._signing_in = signing_in
        super().__init__(context)

    def build_middleware(self) -> list[Middleware]:
        return [*self._signing_in.middleware, *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        return [*self._signing_in.routes, *super().build_routes()]  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Site:
    """A served UI, and who can get tokens for it."""

    url: str
    tokens: TokensFile

    def token(self, name: str) -> str:
        return self.tokens.create(name, timedelta(hours=1))[1]


@pytest.fixture(scope="module")
def site(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("sign_in")
    teams = home / "teams.yaml"
    teams.write_text(small.TEAMS.replace("signed_in: viewer", "signed_in: none"))
    settings = Settings(home=home)
    tokens = TokensFile(tokens_path(settings))
    tokens.create("machine:alpha_ci", timedelta(hours=1))
    signing_in = SigningIn.of(settings, TeamsFile(teams), Recorder())
    file = Path(small.__file__)
    target = PythonFileTarget(str(file), "alpha", str(file.parent), "alpha")
    (home / "dagster").mkdir()
    with (
        dg.DagsterInstance.local_temp(str(home / "dagster")) as instance,
        ending_every_process(WorkspaceProcessContext(instance, target)) as context,
        running(
            Webserver(context, signing_in).create_asgi_app(), **signing_in.uvicorn_options
        ) as url,
    ):
        yield Site(url, tokens)
    signing_in.close()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser says against the page's policy."""
    found: list[str] = []
    page.on("console", lambda told: found.append(told.text))
    yield found
    assert not [text for text in found if "Content Security Policy" in text]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_sign_in_page_shuts_nobody_out(
    scheme: Scheme, site: Site, page: Page, picture: Picture, complaints: list[str]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site.url}/runs")
    page.get_by_role("heading", name="Sign in").wait_for()
    assert not violations(page)
    picture(f"sign_in_{scheme}")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert not violations(page)
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_who_signs_in_sees_dagster_s_ui_and_after_the_sign_out_nothing(
    site: Site, page: Page, complaints: list[str]
) -> None:
    frames: list[str | bytes] = []

    def listen(opened: WebSocket) -> None:
        # Playwright cannot mark a built-in method as its handler.
        opened.on("framereceived", lambda frame: frames.append(frame))  # noqa: PLW0108

    page.on("websocket", listen)
    page.goto(f"{site.url}/assets/alpha/orders")
    page.get_by_label("Token").fill(site.token("vera@example.com"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("tab", name="Overview").first.wait_for()
    assert page.url.endswith("/assets/alpha/orders")
    for _ in range(MOST_LOOKS):
        if any("connection_ack" in str(frame) for frame in frames):
            break
        page.wait_for_timeout(BETWEEN_LOOKS)
    assert any("connection_ack" in str(frame) for frame in frames), "its websocket is let in"
    page.goto(f"{site.url}/sign-out")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto(f"{site.url}/assets/alpha/orders")
    page.get_by_role("heading", name="Sign in").wait_for()


def test_who_is_in_no_team_reads_who_can_help(
    site: Site, page: Page, complaints: list[str]
) -> None:
    page.goto(site.url)
    page.get_by_label("Token").fill(site.token("olaf@example.com"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="You have no rights here yet").wait_for()
    page.get_by_text("root@example.com").wait_for()
    assert not violations(page)
