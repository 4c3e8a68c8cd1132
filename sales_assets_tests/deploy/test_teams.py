"""The files in deploy/ for several teams: schemas, settings, and what keeps the teams apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jsonschema
import kubernetes.client as k8s  # type: ignore[import-untyped]
import pytest
import yaml
from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict

from sales_assets.instance.embedded import instance_configuration
from sales_assets.platform.options import Part
from sales_assets.platform.queue.coordinator import TeamRunCoordinator
from sales_assets.platform.teams import Builds
from sales_assets.platform.teams_file import read_teams
from sales_assets.settings import Settings
from sales_assets_tests.deploy.test_deploy import (
    COMPOSE,
    DEPLOY,
    VALUES,
    interpolated,
    merged,
)

TEAMS = read_teams(DEPLOY / "teams.yaml")
OVER: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.teams.yml").read_text())
TOGETHER: dict[str, Any] = merged(COMPOSE, OVER)
SERVICES: dict[str, Any] = TOGETHER["services"]
CODE = {"retail": "code-retail", "global": "code-global", "analytics": "code"}
"""Code location -> its service."""
CHART: dict[str, Any] = yaml.safe_load((DEPLOY / "helm-values.teams.yaml").read_text())
OF_TEAM: dict[str, Any] = {
    name: yaml.safe_load((DEPLOY / f"helm-values.team-{name}.yaml").read_text()) for name in CODE
}
MANIFESTS = [
    one
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for one in yaml.safe_load_all(file.read_text())
]
[COMMON] = [one["data"] for one in MANIFESTS if one["kind"] == "ConfigMap"]


def deployment(name: str) -> dict[str, Any]:
    """The one entry of a team's release."""
    [entry] = OF_TEAM[name]["deployments"]
    found: dict[str, Any] = entry
    return found


ENVIRONMENTS: dict[tuple[str, str], Mapping[str, str]] = {
    **{
        ("compose", name): interpolated(SERVICES[service]["environment"])
        for name, service in CODE.items()
    },
    **{("Kubernetes", name): COMMON | deployment(name)["env"] for name in CODE},
}


def test_the_compose_file_is_as_its_schema_says_alone_and_over_the_other() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    for compose in (OVER, TOGETHER):
        jsonschema.validate(compose, json.loads(schema.read_text()))


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: one["metadata"]["name"])
def test_the_manifests_hold_what_kubernetes_knows(manifest: dict[str, Any]) -> None:
    model = getattr(k8s, f"V1{manifest['kind']}")
    made = k8s_model_from_dict(model, k8s_snake_case_dict(model, manifest))
    assert made.metadata.name == manifest["metadata"]["name"]


@pytest.mark.parametrize(("where", "name"), ENVIRONMENTS)
def test_each_code_location_is_told_its_part_and_nothing_that_is_no_setting(
    where: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in ENVIRONMENTS[where, name].items():
        monkeypatch.setenv(variable, value)
    settings = Settings.load()
    of_team = next(team for team in TEAMS.teams.values() if team.location == name)
    if of_team.builds is Builds.SHARED:
        assert (settings.part, settings.team) == (Part.SHARED, None)
    else:
        assert (settings.part, settings.team) == (Part.SOURCES, name)
    assert settings.teams_file is not None


def test_every_location_of_the_teams_has_a_code_server_and_none_else_has() -> None:
    workspace = yaml.safe_load((DEPLOY / "workspace.teams.yaml").read_text())
    served = {
        one["grpc_server"]["location_name"]: (
            one["grpc_server"]["host"],
            str(one["grpc_server"]["port"]),
        )
        for one in workspace["load_from"]
    }
    assert served.keys() == TEAMS.locations().keys()
    for name, (host, port) in served.items():
        assert host == CODE[name]
        command = SERVICES[host]["command"]
        assert command[command.index("--port") + 1] == port
    in_chart = {one["name"]: one for one in CHART["dagsterWebserver"]["workspace"]["servers"]}
    assert in_chart.keys() == served.keys()
    for name, server in in_chart.items():
        assert (server["host"], server["port"]) == (
            deployment(name)["name"],
            deployment(name)["port"],
        )


def test_no_code_server_of_compose_can_be_reached_but_by_webserver_and_daemon() -> None:
    networks = {name: set(of.get("networks", ["default"])) for name, of in SERVICES.items()}
    running = {name for name, of in SERVICES.items() if "profiles" not in of}
    for name, service in CODE.items():
        assert "ports" not in SERVICES[service]
        assert networks[service] == {name}
        assert OVER["networks"][name] == {"internal": True}
        beside = {one for one in running if networks[one] & networks[service]} - {service}
        assert beside == {"postgres", "webserver", "daemon"}


def test_a_team_s_secrets_are_given_to_its_own_code_server_alone() -> None:
    given = {
        name: [
            *of.get("env_file", []),
            *(secret["source"] for secret in of.get("secrets", [])),
        ]
        for name, of in SERVICES.items()
    }
    for name, service in CODE.items():
        assert given[service]
        assert all(name in one for one in given[service])
        others = [one for other, all_of in given.items() if other != service for one in all_of]
        assert not any(name in one for one in others)
    assert {name for name, of in given.items() if of} == {*CODE.values(), "webserver"}
    outside = [one for of in given.values() for one in of if "/" in one]
    assert all(one.startswith("${TEAM_SECRETS:?}/") for one in outside), "deploy/ is mounted"


@pytest.mark.parametrize("name", CODE)
def test_on_kubernetes_a_team_has_an_account_and_secrets_of_its_own(name: str) -> None:
    own, values = deployment(name), OF_TEAM[name]
    assert values["serviceAccount"]["name"] == f"sales-assets-{name}"
    assert values["serviceAccount"]["create"]
    assert values["global"]["serviceAccountName"] == "", "it would be that of all"
    assert values["rbacEnabled"] is False
    assert own["image"]["tag"] == VALUES["dagsterDaemon"]["image"]["tag"]
    assert own["includeConfigInLaunchedRuns"] == {"enabled": True}
    secrets = {volume["secret"]["secretName"] for volume in own["volumes"] if "secret" in volume}
    secrets |= {one["name"] for one in own["envSecrets"]}
    of_audit_log = {"sales-assets-audit"} if name == "analytics" else set()
    assert secrets >= of_audit_log
    own_secrets = secrets - of_audit_log
    assert all(one.startswith(f"sales-assets-{name}") for one in own_secrets)
    assert len(own_secrets) == 3
    mounted = {mount["mountPath"]: mount["name"] for mount in own["volumeMounts"]}
    assert set(mounted.values()) == {volume["name"] for volume in own["volumes"]}
    for setting in ("TEAMS_FILE", "SNOWFLAKE_PRIVATE_KEY_PATH"):
        assert COMMON[f"SALES_ASSETS_{setting}"].rpartition("/")[0] in mounted
    assert COMMON["SALES_ASSETS_PSEUDONYM_KEYS"] in mounted
    assert COMMON.keys().isdisjoint(own["env"])


def test_the_releases_of_teams_are_told_what_the_one_of_everything_is() -> None:
    [alone] = VALUES["dagster-user-deployments"]["deployments"]
    for name in CODE:
        assert {*COMMON, *deployment(name)["env"]} >= alone["env"].keys()
        assert deployment(name)["dagsterApiGrpcArgs"] == alone["dagsterApiGrpcArgs"]
    assert CHART["dagster-user-deployments"]["enableSubchart"] is False
    assert CHART["dagsterWebserver"]["replicaCount"] == 0, "it asks nobody who they are"


def test_code_servers_take_connections_from_webserver_daemon_and_runs_alone() -> None:
    policies = {
        one["metadata"]["name"]: one["spec"] for one in MANIFESTS if "Policy" in one["kind"]
    }
    servers = policies["sales-assets-code-servers"]
    assert servers["podSelector"]["matchLabels"] == {"component": "user-deployments"}
    [rule] = servers["ingress"]
    [webserver] = [one for one in MANIFESTS if one["kind"] == "Deployment"]
    labels = webserver["spec"]["template"]["metadata"]["labels"]
    allowed = [one["podSelector"]["matchLabels"] for one in rule["from"]]
    assert allowed == [
        {"component": labels["component"]},
        {"component": "dagster-daemon"},
        {"app.kubernetes.io/component": "run_worker"},
    ]
    assert rule["ports"] == [{"protocol": "TCP", "port": deployment("retail")["port"]}]
    assert policies["sales-assets-runs"]["ingress"] == []


def test_both_webservers_are_the_one_that_asks_who_somebody_is() -> None:
    [manifest] = [one for one in MANIFESTS if one["kind"] == "Deployment"]
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    for command in (SERVICES["webserver"]["command"], container["command"]):
        assert command[:2] == ["sales-assets", "serve"]
    secrets = {one["secretRef"]["name"] for one in container["envFrom"]}
    assert secrets == {"sales-assets-webserver", "sales-assets-audit"}, "no team's"


def test_what_makes_dagster_yaml_in_compose_lets_the_teams_share_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, value in interpolated(SERVICES["home"]["environment"]).items():
        monkeypatch.setenv(variable, value)
    coordinator = instance_configuration(Settings.load())["run_coordinator"]
    assert isinstance(coordinator, dict)
    assert coordinator["class"] == TeamRunCoordinator.__name__
    folder = coordinator["config"]["teams_file"].rpartition("/")[0]
    for name in ("home", "webserver", "daemon", *CODE.values()):
        assert f".:{folder}:ro" in SERVICES[name]["volumes"]


def test_the_chart_s_queue_is_the_one_that_teams_share_and_all_who_ask_it_have_their_file() -> None:
    daemon = CHART["dagsterDaemon"]
    assert daemon["runCoordinator"]["type"] == "CustomRunCoordinator"
    named = daemon["runCoordinator"]["config"]["customRunCoordinator"]
    assert (named["module"], named["class"]) == (
        TeamRunCoordinator.__module__,
        TeamRunCoordinator.__name__,
    )
    assert named["config"].keys() <= TeamRunCoordinator.config_type().keys()
    [manifest] = [one for one in MANIFESTS if one["kind"] == "Deployment"]
    webserver = manifest["spec"]["template"]["spec"]
    folder = named["config"]["teams_file"].rpartition("/")[0]
    everybody = [
        (daemon["volumeMounts"], daemon["volumes"]),
        (webserver["containers"][0]["volumeMounts"], webserver["volumes"]),
        *((deployment(name)["volumeMounts"], deployment(name)["volumes"]) for name in CODE),
    ]
    for mounts, volumes in everybody:
        [name] = [one["name"] for one in mounts if one["mountPath"] == folder]
        [volume] = [one for one in volumes if one["name"] == name]
        assert volume["configMap"] == {"name": "sales-assets-teams"}
