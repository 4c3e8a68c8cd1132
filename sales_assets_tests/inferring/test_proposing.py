"""From unknown exports to contracts: what is proposed, what is asked, and what comes of it."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from sales_assets.contracts.load import load_contract
from sales_assets.errors import DropError, SalesAssetsError, UsageError
from sales_assets.inferring.proposing import Proposal, propose, write
from sales_assets.settings import Settings
from sales_assets_tests.contracts.test_corpus import CORPUS
from sales_assets_tests.harness import Run, calling

GERMAN = (
    "Umsätze Filiale Süd;;;;;\r\n"
    "\r\n"
    "Belegnr;Bestelldatum;Artikel;Menge;Betrag;E-Mail\r\n"
    "1001;03.04.2024;Käse;2;3,00 €;a@example.com\r\n"
    "1002;03.04.2024;Brötchen;10;4,50 €;b@example.com\r\n"
    "1003;05.04.2024;Torte;1;1.032,00 €;\r\n"
    "Summe;;;;1.039,50 €;\r\n"
)


def proposal_of(tmp_path: Path, text: str | bytes, name: str = "shop.csv") -> Proposal:
    file = tmp_path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return propose(Settings(home=tmp_path / "home"), file)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `sales-assets` with arguments, in an installation without a contract."""
    (tmp_path / "contracts").mkdir()
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SALES_ASSETS_CONTRACTS", str(tmp_path / "contracts"))

    return calling(monkeypatch, capsys)


def test_an_unknown_export_becomes_revenue_once_its_todos_are_settled(
    run: Run, tmp_path: Path
) -> None:
    file, contract = tmp_path / "umsatz.csv", tmp_path / "contracts" / "umsatz.odcs.yaml"
    file.write_bytes(GERMAN.encode("cp1252"))

    code, out, err = run("infer", str(file), "--out", str(contract), "--team", "laden")
    assert (code, out) == (0, "")
    assert "all 3 values fit dd.MM.yyyy and MM.dd.yyyy; e.g. '03.04.2024' (line 4)" in err
    assert f"sales-assets check {file} --contract {contract}" in err

    code, _, err = run("check", str(file), "--contract", str(contract))
    assert code == 1
    assert "TODO: dd.MM.yyyy or MM.dd.yyyy" in err

    text = contract.read_text("utf-8").replace("TODO: dd.MM.yyyy or MM.dd.yyyy", "dd.MM.yyyy")
    text = text.replace("start: 2024-03-04}", "start: 2024-04-03, end: 2024-04-06}")
    contract.write_text(text, "utf-8")
    code, out, err = run("check", str(file), "--contract", str(contract))
    assert code == 0, err
    assert "accepted 3" in out
    assert run("land", str(file), "--source", "umsatz")[0] == 0
    # A process of its own: one process keeps the first definitions that it loads.
    command = [sys.executable, "-m", "sales_assets"]
    done = subprocess.run(
        [*command, "materialize", "--source", "umsatz"], capture_output=True, text=True, check=False
    )
    code, err = done.returncode, done.stderr
    assert code == 0, err
    sql = (
        "select order_date, sum(amount) as n, min(currency) as c from revenue group by 1 order by 1"
    )
    code, out, err = run("query", sql, "--format", "csv")
    assert out.splitlines() == [
        "order_date,n,c",
        "2024-04-03,7.5000,EUR",
        "2024-04-05,1032.0000,EUR",
    ]


def test_a_file_of_which_nothing_is_ambiguous_is_accepted_at_once(run: Run, tmp_path: Path) -> None:
    file, contract = tmp_path / "till.csv", tmp_path / "till.odcs.yaml"
    file.write_text("order_id,order_date,product,amount_eur\n1,2024-03-25,tea,2.50\n")
    assert run("infer", str(file), "--out", str(contract))[0] == 0
    code, out, err = run("check", str(file), "--contract", str(contract))
    assert (code, err) == (0, "")
    assert "net amount 2.50 EUR" in out


def test_without_a_target_the_contract_is_printed_alone_on_standard_output(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "till.csv"
    file.write_text("order_id,order_date,product,amount_eur\n1,2024-03-25,tea,2.50\n")
    code, out, err = run("infer", str(file))
    assert code == 0
    assert yaml.safe_load(out)["name"] == "till"
    assert "It accepts 1 of the sample's 1 lines." in err


def test_a_contract_that_is_there_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    file, contract = tmp_path / "till.csv", tmp_path / "till.odcs.yaml"
    file.write_text("order_id,order_date,product,amount_eur\n1,2024-03-25,tea,2.50\n")
    contract.write_text("mine")
    code, out, err = run("infer", str(file), "--out", str(contract))
    assert (code, out) == (2, "")
    assert "is there already" in err
    assert contract.read_text() == "mine"
    with pytest.raises(UsageError, match="is there already"):
        write("text", contract)


@pytest.mark.parametrize(
    ("out", "told"), [("a.yaml", "name it NAME.odcs.yaml"), ("none/a.odcs.yaml", "no folder")]
)
def test_a_target_that_could_not_be_read_is_refused(
    run: Run, tmp_path: Path, out: str, told: str
) -> None:
    (tmp_path / "till.csv").write_text("a,b\n1,2\n")
    code, _, err = run("infer", str(tmp_path / "till.csv"), "--out", str(tmp_path / out))
    assert code == 2
    assert told in err


def test_a_missing_file_and_a_wrong_name_are_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(UsageError, match="there is no such file"):
        propose(settings, tmp_path / "none.csv")
    with pytest.raises(UsageError, match="like my_shop"):
        propose(settings, tmp_path / "none.csv", "My Shop")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DropError, match="is empty"):
        propose(settings, tmp_path / "empty.csv")


CASES = {
    "a preamble": (GERMAN, "headerRows, value: [3]"),
    "a footer": (GERMAN, 'footer, value: "Summe'),
    "a decimal comma": (GERMAN, 'decimalChar, value: ","'),
    "groups of digits": (GERMAN, 'groupChar, value: "."'),
    "a currency symbol": (GERMAN, "transformLogic: \"'EUR'\""),
    "personal data": (GERMAN, "physicalName: E-Mail, logicalType: string, classification"),
    "a delimiter": ("date|amount_usd\n2024-01-31|1.5\n", 'delimiter, value: "|"'),
    "an ISO code in a header": ("date|amount_usd\n2024-01-31|1.5\n", "\"'USD'\""),
    "comments": ("# made by a till\ndate,amount\n2024-01-31,1.5\n", 'commentChar, value: "#"'),
    "no header": ("2024-01-31,tea,1.5\n2024-02-01,mug,2.5\n", "header, value: false"),
    "missing values": ("date,amount\n2024-01-31,1.5\n2024-01-30,n/a\n", "value: [n/a]"),
    "negatives in parentheses": ("date,amount\n2024-01-31,(1.5)\n", "accounting, value: true"),
    "percent": ("date,amount,tax\n2024-01-31,1.5,7%\n", "percent, value: true"),
    "quoted newlines": ('date,note,amount\n2024-01-31,"a\nb",1\n', "quotedNewlines, value: true"),
    "a reserved name": ("order_date,amount\n2024-01-31,1.5\n", "name: csv_order_date"),
    "an order of day and month that is sure": (
        "date,amount\n31/01/2024,1.5\n02/01/2024,2\n",
        "logicalTypeOptions: {format: dd/MM/yyyy}",
    ),
    "a timestamp": ("date,amount\n2024-01-31 10:00:00,1.5\n", "logicalType: timestamp"),
    "a boolean": ("date,amount,paid\n2024-01-31,1,ja\n2024-01-31,1,nein\n", "trueValues"),
    "French words": (
        "Date commande;Produit;Quantité;Montant €\n31/01/2024;thé;1;1,5\n",
        "{name: quantity, logicalType: number, transformLogic: quantite}",
    ),
    "Spanish words": (
        "Fecha;Producto;Cantidad;Importe\n31/01/2024;té;1;1,5\n",
        "{name: product, logicalType: string, transformLogic: producto}",
    ),
    "an amount that is computed": (
        "date,qty,price\n2024-01-31,2,1.5\n",
        "{name: amount, logicalType: number, transformLogic: qty * price}",
    ),
    "returns by a status": (
        "date,amount,status\n2024-01-31,2,sold\n2024-01-31,2,returned\n",
        "CASE status WHEN 'returned' THEN 'return' ELSE 'sale' END",
    ),
    "a likely key": (
        "order_id,date,amount\n" + "".join(f"A{n},2024-01-31,1\n" for n in range(9)),
        "no two of the 9 lines have the same csv_order_id",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_contract_says(case: str, tmp_path: Path) -> None:
    text, wanted = CASES[case]
    proposal = proposal_of(tmp_path, text)
    assert wanted in proposal.text
    assert proposal.told[0].startswith("It accepts")
    assert "rejected" not in proposal.told[0] or "n/a" in text


def test_the_day_in_a_name_counts_if_all_lines_are_of_it(tmp_path: Path) -> None:
    text = "date,amount_eur\n2024-01-31,1.5\n"
    assert "fileName" in proposal_of(tmp_path, text, "shop_2024-01-31.csv").text
    assert "{column: date}" in proposal_of(tmp_path, text, "shop_2024-02-01.csv").text


def test_a_number_that_may_be_a_thousand_times_as_large_is_asked_for(tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, "date;amount_eur\n2024-01-31;1.234\n2024-01-31;12\n")
    assert 'customProperties: "TODO: keep one of the next two lines"' in proposal.text
    assert any("'1.234' (line 2)" in text for _, text in proposal.todos)


def test_a_currency_that_nothing_tells_is_asked_for(tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, "date,amount\n2024-01-31,1.5\n")
    assert 'transformLogic: "TODO: currency"' in proposal.text


def test_a_column_of_currencies_is_held_to_those_that_were_seen(run: Run, tmp_path: Path) -> None:
    file, contract = tmp_path / "till.csv", tmp_path / "till.odcs.yaml"
    file.write_text(
        "order_id,order_date,amount,currency\n"
        "1,2024-03-25,2.50,USD\n2,2024-03-26,3.25,EUR\n3,2024-03-26,1.00,USD\n"
    )

    assert run("infer", str(file), "--out", str(contract))[0] == 0
    code, out, err = run("check", str(file), "--contract", str(contract))

    assert (code, err) == (0, "")
    assert "net amount 3.25 EUR" in out
    assert "net amount 3.50 USD" in out
    assert load_contract(contract).currencies == ("EUR", "USD")
    text = contract.read_text("utf-8")
    assert "enum: [{value: EUR}, {value: USD}]}" in text
    assert "# TODO: the file's lines have EUR, USD; lines with any other text are rejected" in text


def test_of_a_large_file_currencies_may_be_missing_and_that_is_told(tmp_path: Path) -> None:
    lines = "".join(f"{n};2024-01-31;1.50;EUR\n" for n in range(60_000))
    proposal = proposal_of(tmp_path, f"no;date;amount;currency\n{lines}1;2024-01-31;1.50;CHF\n")

    assert "enum: [{value: EUR}]" in proposal.text
    assert any("the lines at the file's beginning have EUR;" in todo for _, todo in proposal.todos)


@pytest.mark.parametrize("texts", [("EUR", "eur"), ("EUR", "n.a. "), ("€", "$"), ("978", "840")])
def test_a_column_of_other_texts_than_codes_is_no_currency(
    texts: tuple[str, str], tmp_path: Path
) -> None:
    lines = "".join(f"2024-01-3{n};1.50;{text}\n" for n, text in enumerate(texts))
    proposal = proposal_of(tmp_path, f"date;amount;currency\n{lines}")

    assert "enum" not in proposal.text
    assert 'transformLogic: "TODO: currency"' in proposal.text


def test_codes_in_a_personal_column_are_neither_the_currency_nor_shown(tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, "date,amount_eur,surname\n2024-01-31,1.50,TRY\n")

    assert "\"'EUR'\"" in proposal.text
    assert "TRY" not in proposal.text


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.iterdir() if path.is_dir()))
def test_of_any_file_a_contract_is_proposed_or_it_is_refused_with_a_reason(
    name: str, tmp_path: Path
) -> None:
    [file] = [path for path in (CORPUS / name).iterdir() if path.name != "case.yaml"]
    try:
        proposal = propose(Settings(home=tmp_path), file)
    except SalesAssetsError as error:
        told = str(error)
    else:
        told = f"{file}"
        assert yaml.safe_load(proposal.text)["kind"] == "DataContract"
        assert "does not take" not in proposal.told[0] or proposal.todos
    assert str(file) in told


def test_of_a_large_file_the_beginning_is_looked_at_and_the_end_for_its_footer(
    tmp_path: Path,
) -> None:
    lines = "".join(f"A{n};31.01.2024;tea;1,50 €\n" for n in range(30_000))
    text = f"Belegnr;Datum;Artikel;Betrag\n{lines}Summe;;;45.000,00 €\n"
    proposal = proposal_of(tmp_path, text)
    assert proposal.told == ("It accepts 9,999 of the sample's 9,999 lines.",)
    assert 'footer, value: "Summe' in proposal.text
    assert any("first day of the sample" in todo for _, todo in proposal.todos)


@pytest.mark.parametrize("piece", [",'a", '"a,', "1.", "(1", "a ", "31/01/", "\xff", "aä"])
def test_a_line_that_never_ends_is_looked_at_in_bounded_time(piece: str, tmp_path: Path) -> None:
    start = time.monotonic()
    with suppress(SalesAssetsError):
        proposal_of(tmp_path, f"a,b\n{piece * 300_000}".encode("latin-1"))
    assert time.monotonic() - start < 20


def test_the_evidence_of_personal_columns_shows_no_value(tmp_path: Path) -> None:
    lines = [
        f"{n};2024-01-{n:02};0{n % 9 + 1}/0{n % 7 + 1}/1981;Zoe Secret{chr(96 + n)};{n}.50"
        for n in range(1, 21)
    ]
    header = "order;date;birth_date;customer_id;amount"

    made = proposal_of(tmp_path, "\n".join([header, *lines, "21;2024-01-21;unknown;Zoe;1.00", ""]))

    assert made.text.count("classification: personal") == 2
    assert "Secret" not in made.text
    assert "1981" not in made.text
    assert "'unknown'" not in made.text
