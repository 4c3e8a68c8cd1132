"""Which processes live long, by how they were started."""

from __future__ import annotations

import pytest

from sales_assets.costs.processes import kind_of, team_of_process
from sales_assets.platform.options import Part
from sales_assets.settings import Settings
from sales_assets_tests.harness import PROJECT

MODULES = "/venv/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((f"{MODULES}/dagster/_daemon/__main__.py", "run", "--log-level", "info"), "daemon"),
        (("/venv/bin/dagster-daemon", "run", "-w", "workspace.yaml"), "daemon"),
        ((f"{MODULES}/dagster_webserver/__main__.py", "--port", "3000"), "webserver"),
        (("/venv/bin/dagster-webserver", "-h", "0.0.0.0"), "webserver"),
        (("/venv/bin/sales-assets", "serve"), "webserver"),
        ((f"{MODULES}/sales_assets/__main__.py", "serve"), "webserver"),
        ((f"{MODULES}/dagster/__main__.py", "api", "grpc", "--socket", "/tmp/s"), "code server"),
        (("/venv/bin/dagster", "code-server", "start"), "code server"),
        (("/venv/bin/dagster", "dev"), "dev"),
        (("/venv/bin/sales-assets", "metrics", "--port", "9000"), "metrics"),
        (("/venv/bin/sales-assets", "alerts", "watch"), "alerts"),
        ((f"{MODULES}/sales_assets/__main__.py", "alerts", "watch"), "alerts"),
        (("/venv/bin/sales-assets", "alerts", "list"), None),
        (("/venv/bin/sales-assets", "materialize"), None),
        (("/venv/bin/dagster", "api", "execute_run"), None),
        (("pytest",), None),
        ((), None),
    ],
)
def test_what_lives_long_is_known_by_its_command_line(
    arguments: tuple[str, ...], kind: str | None
) -> None:
    assert kind_of(arguments, is_child=False) == kind
    assert kind_of(arguments, is_child=True) is None, "a run has the arguments of its code server"


def test_a_code_server_of_one_team_is_that_team_s() -> None:
    file = PROJECT / "deploy" / "teams.yaml"
    assert team_of_process(Settings(part=Part.SOURCES, team="retail")) == "retail"
    assert team_of_process(Settings(part=Part.SHARED, teams_file=file)) == "analytics"
    assert team_of_process(Settings(teams_file=file)) == ""
