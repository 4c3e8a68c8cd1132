"""`sales-assets prune`: what it would delete, and what it deletes."""

from __future__ import annotations

from pathlib import Path

from sales_assets_tests.harness import SHOP, TILL, Installation, Run, drop


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
