"""The examples in deploy/ are what the commands print, and the commands refuse what is not set."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets_tests.harness import PROJECT, Run, calling
from sales_assets_tests.setup.examples import DEPLOY, EXAMPLES, printed


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_is_what_the_command_prints(file: Path) -> None:
    assert file.read_text() == printed(EXAMPLES[file]), (
        f"{file.relative_to(PROJECT)} is out of date; write it again by "
        "`python -m sales_assets_tests.setup.examples`"
    )


def test_there_is_no_example_that_no_command_prints() -> None:
    found = {path for folder in ("aws", "snowflake") for path in (DEPLOY / folder).iterdir()}
    assert found == set(EXAMPLES)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return calling(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["snowflake"], "SALES_ASSETS_WAREHOUSE=snowflake"),
        (["aws"], "SALES_ASSETS_OBJECT_STORE=s3"),
        (["aws", "--part", "lifecycle"], "SALES_ASSETS_OBJECT_STORE=s3"),
        (["aws", "--part", "queue"], "SALES_ASSETS_LANDING_QUEUE_URL"),
        (["aws", "--part", "trust"], "SALES_ASSETS_SNOWFLAKE_STAGE"),
    ],
)
def test_what_the_settings_do_not_choose_is_refused_as_wrong_usage(
    run: Run, arguments: list[str], told: str
) -> None:
    code, out, err = run("setup", *arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_what_is_still_to_do_is_told_beside_the_script(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("account", "user", "role", "warehouse", "database"):
        monkeypatch.setenv(f"SALES_ASSETS_SNOWFLAKE_{name.upper()}", "name")
    monkeypatch.setenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH", str(tmp_path / "key.p8"))
    monkeypatch.setenv("SALES_ASSETS_WAREHOUSE", "snowflake")
    code, out, err = run("setup", "snowflake")
    assert code == 0
    assert out.endswith("'TO DO';\n")
    assert "Still to do: the private key's file cannot be read" in err
