"""The command line in this process: what it prints, what it refuses, its exit codes."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.assets.exchange_rates import POOL
from sales_assets_tests.harness import SAMPLE, SHOP, TILL, Installation, Run, calling, drop


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the sources `shop` and `till`, in the environment's settings."""
    home = tmp_path / "home"
    with Installation(home, [SHOP, TILL]):
        monkeypatch.setenv("SALES_ASSETS_HOME", str(home))
        monkeypatch.setenv("SALES_ASSETS_CONTRACTS", str(home / "contracts"))
    return home


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `sales-assets` with arguments: exit code, standard output, standard error."""

    return calling(monkeypatch, capsys)


def landed(home: Path) -> list[str]:
    landing = home / "landing"
    return [str(p.relative_to(landing)) for p in landing.rglob("*") if p.is_file()]


def write(tmp_path: Path, name: str, content: bytes | str) -> str:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_landing_a_file_copies_it_and_landing_it_again_changes_nothing(
    run: Run, home: Path, tmp_path: Path
) -> None:
    file = write(tmp_path, "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
    assert run("land", file, "--source", "shop") == (0, "tests/shop/2024-01-01.csv: landed\n", "")
    before = (home / "landing/tests/shop/2024-01-01.csv").stat().st_mtime_ns
    code, out, _ = run("land", file, "--source", "tests/shop")
    assert (code, out) == (0, "tests/shop/2024-01-01.csv: is there already, unchanged\n")
    assert (home / "landing/tests/shop/2024-01-01.csv").stat().st_mtime_ns == before


def test_landing_a_file_again_that_another_supersedes_makes_it_count(
    run: Run, home: Path, tmp_path: Path
) -> None:
    old = write(tmp_path, "old.csv", drop("1,2024-01-01,tea,ann,1", "2,2024-01-02,tea,ann,1"))
    new = write(tmp_path, "new.csv", drop("3,2024-01-02,tea,ann,1"))
    for file in (old, new):
        assert run("land", file, "--source", "till")[1].endswith(": landed\n")
    assert run("land", old, "--source", "till")[1] == "tests/till/old.csv: landed\n"
    assert run("land", old, "--source", "till")[1].endswith("is there already, unchanged\n")


def test_the_days_around_a_refused_drop_are_materialised(
    run: Run, home: Path, tmp_path: Path
) -> None:
    for day in ("2024-01-01", "2024-01-03"):
        file = write(tmp_path, f"{day}.csv", drop(f"1,{day},tea,ann,1"))
        assert run("land", file, "--source", "shop")[0] == 0
    (home / "landing/tests/shop/2024-01-02.csv").write_text("not the header\n")
    code, _, err = run(
        "materialize", "--source", "shop", "--from", "2024-01-01", "--to", "2024-01-03"
    )
    assert code == 1
    assert err.count("Failed:") == 1
    assert "the header lacks 'order'" in err
    _, out, _ = run("query", "SELECT sum(amount)::INT AS total FROM revenue", "--format", "csv")
    assert out.split() == ["total", "2"]


BAD_FILES = {
    "empty": ("2024-01-01.csv", b"", "is empty (0 bytes)", "drop the complete file again"),
    "no required column": (
        "2024-01-01.csv",
        b"order,sold_on,item,customer\n1,2024-01-01,tea,ann\n",
        "the header lacks 'price'",
        "Correct the file, or the contract",
    ),
    "pdf": ("2024-01-01.csv", b"%PDF-1.7 ...", "is a PDF document, not a CSV", "export it as CSV"),
    "excel": ("2024-01-01.csv", b"PK\x03\x04....", "an Excel workbook", "export it as CSV"),
    "binary": ("2024-01-01.csv", b"\x00\x01\x02\x03\n", "holds binary data", "export it as CSV"),
    "cut gzip": (
        "2024-01-01.csv.gz",
        gzip.compress(drop("1,2024-01-01,tea,ann,1").encode() * 50)[:-20],
        "is damaged or incomplete",
        "compressed file",
    ),
    "no day in the name": (
        "today.csv",
        drop("1,2024-01-01,tea,ann,1").encode(),
        "its name says no day",
        "rename it",
    ),
    "another ending": (
        "2024-01-01.txt",
        drop("1,2024-01-01,tea,ann,1").encode(),
        "the contract takes files named *.csv*",
        "2024-01-01.txt",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_cannot_be_used_is_refused_by_name_with_the_fix_and_not_copied(
    run: Run, home: Path, tmp_path: Path, kind: str
) -> None:
    name, content, what, fix = BAD_FILES[kind]
    code, out, err = run("land", write(tmp_path, name, content), "--source", "shop")
    assert code == 1
    assert out == ""
    assert name in err
    assert what in err
    assert fix in err
    assert "Traceback" not in err
    assert landed(home) == []


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


def test_rows_are_printed_as_table_csv_and_json_with_exact_decimals(home: Path, run: Run) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,'tea',ann,1.10"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    sql = "select product, sum(amount) as amount, max(order_date) as day from revenue group by 1"
    assert run("query", sql, "--format", "csv")[1].splitlines() == [
        "product,amount,day",
        "'tea',1.1000,2024-01-01",
    ]
    assert json.loads(run("query", sql, "--format", "json")[1]) == [
        {"product": "'tea'", "amount": "1.1000", "day": "2024-01-01"}
    ]
    table = run("query", sql)[1]
    assert "1.1000" in table
    assert "1 row" in table


def test_a_csv_holds_no_formula_unless_it_is_asked_for_raw(run: Run) -> None:
    sql = "select '=1+1' as product, -12.50::decimal(18, 4) as amount, '-5' as size"
    asked = ("query", sql, "--format", "csv")
    assert run(*asked)[1].splitlines() == ["product,amount,size", "'=1+1,-12.5000,-5"]
    assert run(*asked, "--raw")[1].splitlines() == ["product,amount,size", "=1+1,-12.5000,-5"]
    [record] = json.loads(run("query", sql, "--format", "json")[1])
    assert record["product"] == "=1+1"


def test_a_traced_line_is_no_formula_in_a_csv(home: Path, run: Run) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("=1,2024-01-01,tea,ann,x"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    asked = ("trace", "tests/shop/2024-01-01.csv:2", "--format", "csv")
    assert ",\"'=1,2024-01-01,tea" in run(*asked)[1]
    assert ',"=1,2024-01-01,tea' in run(*asked, "--raw")[1]


def test_a_zero_is_printed_with_its_decimals(run: Run) -> None:
    sql = "select 0::decimal(38, 10) as nothing"
    assert run("query", sql, "--format", "csv")[1].split() == ["nothing", "0.0000000000"]
    assert json.loads(run("query", sql, "--format", "json")[1]) == [{"nothing": "0.0000000000"}]
    assert "0.0000000000" in run("query", sql)[1]


def test_a_bad_drop_in_the_landing_zone_fails_its_day_by_name_and_leaves_the_others(
    home: Path,
) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.write_drop("shop", "2024-01-02.csv", "order,sold_on\n1,2024-01-02\n")
        made.write_drop("shop", "2024-01-03.csv", drop("3,2024-01-03,tea,ann,3"))
        result = made.materialize("2024-01-01", "2024-01-03", ["shop"], raise_on_error=False)
        assert not result.success
        raw = made.instance.get_materialized_partitions(dg.AssetKey(["tests", "shop", "raw"]))
        assert raw == {"2024-01-01", "2024-01-03"}
        assert made.query("SELECT count(*) FROM revenue") == [(0,)]


def test_the_samples_are_what_their_readme_says() -> None:
    readme = (SAMPLE / "README.md").read_text()
    for name, lines in (("pizzaplace", "49,574"), ("global_sales", "50,000")):
        with gzip.open(SAMPLE / f"{name}.csv.gz", "rt") as stream:
            assert f"{sum(1 for _ in stream) - 1:,}" == lines
        assert lines in readme
        assert (SAMPLE / f"LICENSE.{name}.txt").read_text().startswith("MIT License")


def test_status_tells_of_lines_that_no_day_of_the_history_holds(
    run: Run, home: Path, tmp_path: Path
) -> None:
    lines = drop("1,2024-01-01,tea,ann,1", "2,2030-01-01,tea,ann,1", "3,2023-12-31,tea,ann,1")
    assert run("land", write(tmp_path, "all.csv", lines), "--source", "till")[0] == 0
    code, _, told = run("status")
    assert code == 0
    assert "2 lines of tests/till lie outside of the contract's history" in told


def test_status_before_there_are_marts_gives_no_amount_in_the_reporting_currency(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_REPORTING_CURRENCY", "USD")
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    code, told, _ = run("status")
    assert code == 0
    assert "in USD" in told
    assert "1.00 EUR       -" in told
    assert " rates " in told


def test_status_names_sources_whose_contract_is_gone(run: Run, home: Path) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    assert "No contract" not in run("status")[2]
    (home / "contracts" / SHOP.name).unlink()
    assert "the rows of tests/shop stay in the warehouse" in run("status")[2]


def test_days_outside_of_every_history_are_told_as_such(run: Run, home: Path) -> None:
    code, told, _ = run("materialize", "--source", "shop", "--from", "2024-06-01")
    assert code == 0
    assert "No day of a source's history was asked for" in told


def test_check_says_what_would_become_of_a_file_and_writes_nothing(
    run: Run, home: Path, tmp_path: Path
) -> None:
    lines = ["1,2024-01-01,tea,ann,1.25", "2,2024-01-02,tea,ann,x", ",2024-01-02,tea,ann,y"]
    file = write(tmp_path, "all.csv", drop(*lines) + "\n" + drop("3,2024-01-03,jam,bo,2"))
    before = sorted(home.rglob("*"))

    code, told, _ = run("check", file, "--contract", "till", "--format", "json")

    found = json.loads(told)
    assert code == 1
    assert (found["lines"], found["accepted"], found["rejected"]) == (4, 2, 2)
    assert (found["first_day"], found["last_day"]) == ("2024-01-01", "2024-01-03")
    assert found["net_amount"] == {"EUR": "3.2500"}
    assert found["skipped"] == {"blank": 1, "repeated header": 1}
    assert found["rules"] == {"price": 2, "order_no": 1}
    assert found["examples"][1] == {
        "file": file,
        "line": 4,
        "text": ",2024-01-02,tea,ann,y",
        "reasons": [
            "order_no: is required and blank",
            "price: 'y' is no number with at most 4 decimals",
        ],
    }
    assert sorted(home.rglob("*")) == before


def test_check_shows_a_person_the_same_in_words(run: Run, tmp_path: Path) -> None:
    lines = "order,sold_on,item,customer,price,shelf\n1,2024-01-01,tea,ann,1250.5,9\n"
    file = write(tmp_path, "all.csv", lines)

    code, told, _ = run("check", file, "--contract", "till")

    assert code == 0
    assert "by tests/till: 1 lines, 2024-01-01 to 2024-01-01" in told
    assert "accepted 1\n" in told
    assert "net amount 1,250.50 EUR" in told
    assert "columns that the contract does not describe: 'shelf'" in told


def test_check_takes_a_contract_that_is_not_installed_yet(run: Run, tmp_path: Path) -> None:
    contract = write(tmp_path, "new.odcs.yaml", TILL.read_text().replace("name: till", "name: new"))
    file = write(tmp_path, "all.csv", drop("1,2024-01-01,tea,ann,1"))

    code, told, _ = run("check", file, "--contract", contract)

    assert code == 0
    assert "by tests/new: 1 lines" in told


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("all.csv", "a;b\n1;2\n", "the header lacks 'order'"),
        ("all.csv", drop("1;2024-01-01;tea;ann;1"), "1 of 1 lines are malformed"),
        ("all.csv", drop("1,yesterday,tea,ann,1"), "none of its 1 lines has a date"),
        ("none.csv", None, "there is no such file"),
    ],
)
def test_check_refuses_a_file_as_landing_or_staging_would(
    run: Run, tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    file = str(tmp_path / name) if content is None else write(tmp_path, name, content)

    code, _, error = run("check", file, "--contract", "till")

    assert code in {1, 2}
    assert told in " ".join(error.split())


def test_trace_follows_a_number_of_a_source_and_a_line(run: Run, home: Path) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1.50"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)

    code, told, _ = run("trace", "--source", "shop", "--day", "2024-01-01", "--format", "json")
    assert code == 0
    assert [(row["file"], row["line"]) for row in json.loads(told)] == [
        ("tests/shop/2024-01-01.csv", 2)
    ]

    code, told, _ = run("trace", "2024-01-01.csv:2", "--format", "json")
    assert code == 0
    assert json.loads(told)[0]["became"] == "accepted"

    code, _, error = run("trace", "--source", "shoe", "--day", "2024-01-01")
    assert code != 0
    assert "there is no source 'shoe'" in error


def test_the_ui_is_started_on_an_instance_that_lets_one_run_at_a_time_call_the_api(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, arguments: started.append(arguments))
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    (home / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert run("ui", "--port", "3456")[0] == 0
    [arguments] = started
    assert arguments[-4:] == ["--port", "3456", "--host", "127.0.0.1"]
    assert os.environ["DAGSTER_HOME"] == str(home / "dagster")
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        [pool] = instance.event_log_storage.get_pool_limits()
    assert (pool.name, pool.limit) == (POOL, 1)


def test_pruning_says_what_it_would_delete_and_then_deletes_it(home: Path, run: Run) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        for _ in range(2):
            made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    code, would, _ = run("prune", "--keep-days", "0", "--dry-run")
    assert code == 0
    assert would.startswith("Would delete, of what was before 20")
    assert "the logs of 1 runs" in would
    code, told, _ = run("prune", "--keep-days", "0")
    assert code == 0
    assert told.splitlines()[1:6] == would.splitlines()[1:6]
    assert " MB before, " in told
    assert "  0 of " in run("prune", "--keep-days", "0")[1]
    assert run("prune")[1].splitlines()[1].startswith("  0 of "), "90 days are kept by default"
    assert run("prune", "--keep-days", "-1")[0] == 2
