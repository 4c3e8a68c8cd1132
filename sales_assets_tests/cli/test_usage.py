"""Wrong arguments, settings and contracts: one message that names the thing, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets_tests.cli.files import write
from sales_assets_tests.harness import Run, drop


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("land", "nowhere.csv", "--source", "shop"), "nowhere.csv: there is no such file"),
        (("land", "README.md", "--source", "shoop"), "there is no source 'shoop'; there are"),
        (("materialize", "--source", "shoop"), "there is no source 'shoop'"),
        (
            ("materialize", "--from", "2024-02-01", "--to", "2024-01-01"),
            "--from 2024-02-01 is after --to 2024-01-01; exchange them",
        ),
        (("materialize", "--from", "1.2.2024"), "--from 1.2.2024: is no date"),
        (("materialize", "--from", "2023-12-31"), "lies before the first partition, 2024-01-01"),
        (("materialize", "--to", "2999-01-01"), "lies in the future"),
        (("query", "select * from nowhere"), "nowhere does not exist"),
        (("query", "drop table revenue"), "read-only"),
        (("query", "select * from read_csv('README.md')"), "disabled"),
    ],
)
def test_wrong_usage_is_one_message_that_names_the_thing_and_exit_code_2(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert told in err
    assert "Traceback" not in err


def test_an_unknown_setting_is_refused_with_the_name_that_was_meant(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_CHUNK_DAY", "3")
    code, _, err = run("query", "select 1")
    assert code == 2
    assert "SALES_ASSETS_CHUNK_DAY is no setting; did you mean SALES_ASSETS_CHUNK_DAYS?" in err


def test_a_wrong_contract_is_told_by_every_command(run: Run, home: Path, tmp_path: Path) -> None:
    contract = home / "contracts" / "shop.odcs.yaml"
    contract.write_text(
        contract.read_text().replace("transformLogic: price}", "transformLogic: prize}")
    )
    file = write(tmp_path, "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
    code, _, err = run("land", file, "--source", "shop")
    assert code == 1
    assert "shop.odcs.yaml" in err
    assert "'prize' is not a column of the drop" in err
