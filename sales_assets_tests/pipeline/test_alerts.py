"""A run that fails under a real daemon becomes a mail, and so does its recovery."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets_tests.alerts.receivers import mail_server
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.serving import serving, until

pytestmark = pytest.mark.long
FAILED = "tests/shop/raw failed for 2024-01-01"


def test_a_refused_drop_is_a_mail_to_its_contract_s_channel_and_its_mending_another(
    tmp_path: Path,
) -> None:
    contract = tmp_path / SHOP.name
    channel = "support:\n  - {tool: email, channel: shop, url: mailto:shop@example.com}\nservers:"
    contract.write_text(SHOP.read_text().replace("servers:", channel, 1))
    with mail_server() as mailbox, Installation(tmp_path / "home", [contract]) as made:
        settings = {"SALES_ASSETS_ALERTS_SMTP_URL": mailbox.address}

        def told(word: str) -> list[int]:
            found = enumerate(mailbox.subjects)
            return [number for number, one in found if one == f"{word} {FAILED}"]

        with serving(made, settings=settings):
            state = made.settings.catalogue_address.removeprefix("sqlite:///")
            until("the first pass", lambda: has_state(state), 300)
            made.write_drop("shop", "2024-01-01.csv", "order,sold_on\n1,2024-01-01\n")
            until("the mail of the failure", lambda: told("ERROR"), 300)
            made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1.5"))
            until("the mail of the recovery", lambda: told("RECOVERED"), 300)
        [failed], [recovered] = told("ERROR"), told("RECOVERED")
        payload = mailbox.mails[failed].get_payload(decode=True)
        assert isinstance(payload, bytes)
        mail = payload.decode()
        assert "lacks 'item'" in mail
        assert "marts/daily_revenue" in mail
        assert "http://127.0.0.1:3000/runs/" in mail
        assert mailbox.mails[recovered]["In-Reply-To"] == mailbox.mails[failed]["Message-ID"]
        assert {person for people in mailbox.people for person in people} == {"shop@example.com"}


def has_state(file: str) -> bool:
    """Whether a pass has been done: what was before the first one is history."""
    import sqlite3
    from contextlib import closing

    if not Path(file).is_file():
        return False
    with closing(sqlite3.connect(file)) as connection:
        try:
            return connection.execute("SELECT * FROM alert_state").fetchone() is not None
        except sqlite3.OperationalError:  # there is no such table yet
            return False
