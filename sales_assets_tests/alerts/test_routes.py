"""Which routes settings, teams and contracts make, and where their addresses are found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from sales_assets.alerts.addresses import of_support, with_ids
from sales_assets.alerts.build import build_routes
from sales_assets.alerts.opening import Alerts
from sales_assets.alerts.problems import Severity
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import PermanentError, UsageError
from sales_assets.platform.teams import Teams
from sales_assets.settings import Settings
from sales_assets_tests.alerts.scene import problem
from sales_assets_tests.harness import SHOP

SMTP = "mailtos://me:secret@smtp.example.com?from=alerts@example.com"


@pytest.fixture
def contract() -> SourceContract:
    found = next(one for one in load_contracts([SHOP.parent]) if one.source == "shop")
    return replace(found, support=(("email", "mailto:shop@example.com"), ("slack", "shop")))


def teams(alerts: list[dict[str, object]]) -> Teams:
    return Teams.model_validate(
        {"version": 1, "admins": ["a@b.c"], "teams": {"tests": {"alerts": alerts}}}
    )


def test_a_laptop_that_says_nothing_sends_nothing(tmp_path: Path, contract: SourceContract) -> None:
    routes = build_routes(Settings(home=tmp_path), [contract], None)
    assert [route.name for route in routes.all] == ["log"]
    of_contract = replace(contract, support=(("slack", "https://hooks.slack.com/services/A/B/C"),))
    assert [r.name for r in build_routes(Settings(home=tmp_path), [of_contract], None).all] == [
        "log"
    ]


def test_a_contract_s_mail_address_is_written_to_by_the_installation_s_server(
    tmp_path: Path, contract: SourceContract
) -> None:
    settings = Settings(home=tmp_path, alerts_smtp_url=SecretStr(SMTP))
    mail, log = build_routes(settings, [contract], None).all
    assert mail.name == "tests/shop.1"
    assert mail.address() == f"{SMTP}&to=shop%40example.com"
    assert log.name == "log"
    own = problem(team="tests", source="tests/shop")
    routes = build_routes(settings, [contract], None)
    assert [route.name for route in routes.of(own, Severity.WARNING)] == ["tests/shop.1"]
    other = problem(team="tests", source="tests/till")
    assert [route.name for route in routes.of(other, Severity.WARNING)] == ["log"]


@pytest.mark.parametrize(
    ("tool", "channel", "address"),
    [
        (
            "slack",
            "https://hooks.slack.com/services/A/B/C",
            "https://hooks.slack.com/services/A/B/C",
        ),
        ("other", "msteams://a/b/c/d", "msteams://a/b/c/d"),
        ("slack", "shop", None),
        ("email", "shop", None),
        ("email", "shop@example.com", f"{SMTP}&to=shop%40example.com"),
        ("other", "mailto:shop@example.com?subject=x", f"{SMTP}&to=shop%40example.com"),
        ("email", "mailto:a@x.org,b@x.org", None),
        ("email", "mailto:a@x.org&cc=spy@x.org", None),
        ("email", "mailto:a@x.org&verify=no", f"{SMTP}&to=a%40x.org%26verify%3Dno"),
    ],
)
def test_what_a_contract_s_channel_means(tool: str, channel: str, address: str | None) -> None:
    assert of_support(tool, channel, SMTP) == address


def test_a_team_s_route_is_found_in_its_secrets(
    tmp_path: Path, contract: SourceContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = teams([{"name": "oncall", "url_from": "ONCALL_URL", "severity": "error"}])
    settings = Settings(home=tmp_path)
    routes = build_routes(settings, [contract], found)
    route = routes.named("tests.oncall")
    assert route.severity is Severity.ERROR
    with pytest.raises(PermanentError, match=r"write it into .*tests.env, or set it"):
        route.address()
    monkeypatch.setenv("ONCALL_URL", "json://environment")
    assert route.address() == "json://environment"
    secrets = tmp_path / "platform" / "secrets" / "tests.env"
    secrets.write_text("ONCALL_URL=json://file\n")
    secrets.chmod(0o600)
    assert route.address() == "json://file"
    assert "json://" not in repr(routes)


def test_a_route_s_hours_are_its_own_or_the_installation_s(
    tmp_path: Path, contract: SourceContract
) -> None:
    found = teams(
        [
            {"name": "a", "url": "json://a", "quiet": "20:00-08:00 UTC", "digest": "08:00 UTC"},
            {"name": "b", "url": "json://b"},
        ]
    )
    settings = Settings(home=tmp_path, alerts_quiet="22:00-07:00 UTC")
    routes = build_routes(settings, [contract], found)
    hours = [route.quiet and route.quiet.begin.hour for route in routes.all[:2]]
    assert hours == [20, 22]
    assert [route.digest is not None for route in routes.all[:2]] == [True, False]


def test_the_default_addresses_are_several_and_secret(
    tmp_path: Path, contract: SourceContract
) -> None:
    settings = Settings(
        home=tmp_path,
        alerts_url=SecretStr("json://one json://two nonsense"),
        alerts_digest="08:00 UTC",
    )
    routes = build_routes(settings, [contract], None)
    assert [r.name for r in routes.all] == ["default.1", "default.2", "default.3"]
    assert routes.named("default.2").address() == "json://two"
    with pytest.raises(PermanentError, match="address 3 of SALES_ASSETS_ALERTS_URL is no address"):
        routes.named("default.3").address()
    assert "json" not in repr(settings)
    with pytest.raises(UsageError, match=r"there is no route x; there are default\.1"):
        routes.named("x")


def test_an_address_that_team_and_contract_both_name_is_one_route(
    tmp_path: Path, contract: SourceContract
) -> None:
    hook = "https://hooks.slack.com/services/A/B/C"
    both = replace(contract, support=(("slack", hook),))
    found = teams([{"name": "chat", "url": hook}])
    routes = build_routes(Settings(home=tmp_path), [both], found)
    assert [route.name for route in routes.all] == ["tests.chat", "log"]


@pytest.mark.parametrize(
    ("route", "complaint"),
    [
        ({"name": "a"}, "one of url and url_from"),
        ({"name": "a", "url": "nonsense"}, "no address of apprise"),
        ({"name": "a", "url": "json://a", "quiet": "always"}, "no quiet time"),
        ({"name": "a", "url": "json://a", "digest": "daily"}, "no time of a digest"),
        ({"name": "a", "url": "json://a", "severity": "fatal"}, "'warning' or 'error'"),
    ],
)
def test_a_wrong_route_in_teams_yaml_is_refused(route: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        teams([route])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("pagerduty://a@b", "pagerduty://a@b?dedup=42&action=map"),
        ("pagerduty://a@b?dedup=own", "pagerduty://a@b?dedup=own&action=map"),
        ("opsgenie://a?region=eu", "opsgenie://a?region=eu&alias=42&action=map"),
        ("jsons://host/x", "jsons://host/x?+Idempotency-Key=42%3Aopened%3Ax"),
        ("slack://a/b/c", "slack://a/b/c"),
    ],
)
def test_a_channel_gets_an_id_by_which_it_knows_a_message_again(
    address: str, expected: str
) -> None:
    assert with_ids(address, "42", "42:opened:x") == expected


def test_pagerduty_and_opsgenie_end_what_they_began() -> None:
    import apprise

    for address, attribute in (
        ("pagerduty://integration@apikey", "dedup"),
        ("opsgenie://275e7b5d-1111-2222-3333-444455556666", "alias"),
    ):
        plugin: Any = apprise.Apprise.instantiate(with_ids(address, "42", "42:opened:x"))
        assert getattr(plugin, attribute) == "42"
        assert plugin.action == "map"


def test_routes_are_whole_only_while_all_files_that_say_them_are_right(tmp_path: Path) -> None:
    contracts, file = tmp_path / "contracts", tmp_path / "teams.yaml"
    contracts.mkdir()
    copied = Path(shutil.copy(SHOP, contracts))
    file.write_text("version: 1\nadmins: [a@b.c]\nteams: {tests: {}}\n")
    alerts = Alerts(Settings(home=tmp_path / "home", contracts=contracts, teams_file=file))
    copied.write_text("wrong: [")
    assert not alerts.routes().is_whole
    shutil.copy(SHOP, contracts)
    assert alerts.routes().is_whole
    file.write_text("wrong: [")
    another = Alerts(Settings(home=tmp_path / "home", contracts=contracts, teams_file=file))
    assert not another.routes().is_whole
    assert Alerts(Settings(home=tmp_path / "home", contracts=contracts)).routes().is_whole
