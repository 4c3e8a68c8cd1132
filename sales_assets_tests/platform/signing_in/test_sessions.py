"""A session begins with a sign-in, ends with a sign-out, and is nobody else's."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from sales_assets.errors import UsageError
from sales_assets.platform.people import Person
from sales_assets.platform.signing_in import session_store
from sales_assets.platform.signing_in.session_key import session_key
from sales_assets.platform.signing_in.session_store import SessionStore
from sales_assets.settings import Settings
from sales_assets_tests.platform.signing_in.served import PAGE, Served, served

NAME = "sales_assets_session"
VERA = Person("vera@example.com", frozenset({"ops"}), "oidc")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("sessions"), sign_in_attempts=1000) as made:
        yield made


def flags(answer: httpx.Response) -> tuple[str, set[str]]:
    name, *rest = [part.strip() for part in answer.headers["set-cookie"].split(";")]
    return name.partition("=")[0], {part for part in rest if not part.startswith("Max-Age")}


def test_the_cookie_is_for_this_host_and_no_script(site: Served, tmp_path: Path) -> None:
    with site.client() as client:
        name, told = flags(site.sign_in(client, site.token()))
    assert (name, told) == (NAME, {"HttpOnly", "Path=/", "SameSite=lax"})
    with (
        served(tmp_path, public_url="https://dagster.example") as secure,
        secure.client(headers={"Origin": "https://dagster.example"}) as client,
    ):
        answer = client.post("/sign-in", data={"token": secure.token()})
        name, told = flags(answer)
        assert (name, told) == (f"__Host-{NAME}", {"HttpOnly", "Path=/", "SameSite=lax", "Secure"})
        assert answer.headers["strict-transport-security"]
        said = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        with secure.client(cookies={NAME: said}) as other:
            assert other.get("/x").status_code == 401, "a host beside this one could have set it"


def test_each_sign_in_begins_another_session_and_ends_the_one_before(site: Served) -> None:
    """Whoever has planted a session in a browser does not come in with who signs in there."""
    with site.client() as client, site.client() as attacker:
        site.sign_in(attacker, site.token("lars@example.com"))
        planted = attacker.cookies[NAME]
        client.cookies.set(NAME, planted, domain="127.0.0.1", path="/")
        site.sign_in(client, site.token())
        assert client.cookies[NAME] != planted
        assert client.get("/x").json()["name"] == "vera@example.com"
        assert attacker.get("/x").status_code == 401


def test_a_cookie_that_is_not_ours_is_no_session(site: Served) -> None:
    key = session_key(site.settings)
    for value in (
        "x",
        URLSafeTimedSerializer("another key", salt=f"sales_assets.{NAME}").dumps("x"),
        URLSafeTimedSerializer(key, salt="sales_assets.flow").dumps("x"),
        URLSafeTimedSerializer(key).dumps({"name": "root@example.com"}),
    ):
        with site.client(cookies={NAME: value}) as client:
            assert client.get("/x").status_code == 401
            assert client.get("/x", headers=PAGE).status_code == 303


def test_signing_out_ends_the_session_on_the_server_too(site: Served) -> None:
    told = len(site.recorder.intents)
    with site.client() as client:
        site.sign_in(client, site.token())
        kept = dict(client.cookies)
        assert client.post("/sign-out").status_code == 403, "not from one of our pages"
        foreign = {"Origin": "https://evil.example"}
        assert client.post("/sign-out", headers=foreign).status_code == 403
        assert client.get("/x").status_code == 200
        answer = client.post("/sign-out", headers={"Origin": site.url})
        assert answer.headers["location"] == "/sign-in"
        assert not client.cookies
    with site.client(cookies=kept) as thief:
        assert thief.get("/x").status_code == 401
    assert site.recorder.entries(told) == [
        ("sign-in", "token", "vera@example.com", "succeeded"),
        ("sign-out", "token", "vera@example.com", "succeeded"),
    ]


def test_a_restart_ends_no_session_and_revives_none(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        kept = []
        for _ in range(2):
            with first.client() as client:
                first.sign_in(client, first.token())
                kept.append(dict(client.cookies))
        with first.client(cookies=kept[1]) as client:
            client.post("/sign-out", headers={"Origin": first.url})
    with served(tmp_path) as second:
        with second.client(cookies=kept[0]) as client:
            assert client.get("/x").status_code == 200
        with second.client(cookies=kept[1]) as client:
            assert client.get("/x").status_code == 401


def test_revoking_a_token_ends_its_sessions(site: Served) -> None:
    entry, token = site.tokens.create("vera@example.com", timedelta(hours=1))
    with site.client() as client, site.client() as other:
        site.sign_in(client, token)
        site.sign_in(other, site.token())
        site.tokens.revoke(entry.id)
        assert client.get("/x").status_code == 401
        assert other.get("/x").status_code == 200


def test_a_session_has_an_end_whatever_the_cookie_says(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.client() as client:
        site.sign_in(client, site.token())
        assert client.get("/x").status_code == 200
        signed = time.time()
        later = signed + 8 * 3600 + 1
        clock = SimpleNamespace(time=lambda: later)
        with monkeypatch.context() as patched:
            patched.setattr("itsdangerous.timed.time", clock)
            assert client.get("/x").status_code == 401, "the cookie has expired"
        assert client.get("/x").status_code == 200
        with monkeypatch.context() as patched:
            patched.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: signed)
            patched.setattr(session_store, "time", clock)
            assert client.get("/x").status_code == 401, "the session has expired"


def test_the_file_of_sessions_holds_nothing_that_a_cookie_could_name(tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    store = SessionStore(folder / "sessions.sqlite")
    session_id = store.begin(VERA, None, time.time() + 60)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {part.name: stat.S_IMODE(part.stat().st_mode) for part in folder.iterdir()}
    assert modes == {f"sessions.sqlite{end}": 0o600 for end in ("", "-wal", "-shm")}
    found = store.find(session_id)
    assert found is not None
    assert found.person == VERA
    store.begin(VERA, None, time.time() - 1)
    store.close()
    everything = b"".join(part.read_bytes() for part in folder.iterdir())
    assert b"vera@example.com" in everything
    assert session_id.encode() not in everything


def test_a_session_that_another_process_ends_is_over_at_once(tmp_path: Path) -> None:
    here, other = (SessionStore(tmp_path / "sessions.sqlite") for _ in range(2))
    session_id = other.begin(VERA, None, time.time() + 60)
    assert here.find(session_id) is not None
    other.end(session_id)
    assert here.find(session_id) is None
    for store in (here, other):
        store.close()


def test_what_may_be_used_once_is_used_once(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions.sqlite")
    assert [store.spend("x", time.time() + 60) for _ in range(2)] == [True, False]
    assert store.spend("y", time.time() + 60)
    store.close()


def test_the_key_is_made_once_and_no_other_user_of_the_machine_may_read_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    key, file = session_key(settings), tmp_path / "platform" / "session.key"
    assert session_key(settings) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        session_key(settings)
    file.chmod(0o600)
    file.write_text("short")
    with pytest.raises(UsageError, match="remove it"):
        session_key(settings)


def test_a_wrong_token_and_an_unknown_one_look_the_same(site: Served) -> None:
    known = site.token()
    old = site.token(hours=-1)
    unknown = f"sa_{'0' * 12}_{'A' * 43}"
    with site.client() as client:
        pages = [
            site.sign_in(client, wrong)
            for wrong in (known[:-4] + "AAAA", old, unknown, "", "x", "sa_")
        ]
    assert {page.status_code for page in pages} == {403}
    assert len({page.text for page in pages}) == 1
    assert not client.cookies


def test_who_fails_too_often_has_to_wait_by_address_and_by_name(tmp_path: Path) -> None:
    with served(tmp_path, sign_in_attempts=3) as site:
        good = site.token()
        wrong = good[:-4] + "AAAA"
        with site.client() as client, site.client("127.0.0.2") as elsewhere:
            found = [site.sign_in(client, wrong).status_code for _ in range(4)]
            assert found == [403, 403, 403, 429]
            answer = site.sign_in(client, good)
            assert answer.status_code == 429, "even the right one"
            assert 0 < int(answer.headers["retry-after"]) <= 300
            assert site.sign_in(elsewhere, good).status_code == 429, "the name has to wait too"
            assert site.sign_in(elsewhere, site.token()).status_code == 303
        assert len(site.recorder.intents) == 4


def test_a_sign_in_that_works_costs_no_attempt(tmp_path: Path) -> None:
    with served(tmp_path, sign_in_attempts=1) as site, site.client() as client:
        token = site.token()
        assert [site.sign_in(client, token).status_code for _ in range(3)] == [303] * 3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_cannot_sign_anybody_in(
    headers: dict[str, str], site: Served
) -> None:
    with site.client() as client:
        answer = client.post("/sign-in", data={"token": site.token()}, headers=headers)
        assert answer.status_code == 403
        assert not client.cookies


@pytest.mark.parametrize(
    "goes_to", ["//evil.example", "/\\evil.example", "https:evil.example", "/\t/evil.example"]
)
def test_the_sign_in_leads_to_no_other_site(goes_to: str, site: Served) -> None:
    with site.client() as client:
        assert site.sign_in(client, site.token(), goes_to).headers["location"] == "/"
    for written in (quote(goes_to, safe=""), quote(quote(goes_to, safe=""), safe="")):
        assert "evil" not in site.get(f"/sign-in?next={written}").text


def test_a_next_page_cannot_break_out_of_its_field(site: Served) -> None:
    text = site.get("/sign-in", params={"next": '/"><script>alert(1)</script>'}).text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"token=" + b"x" * 9000, "application/x-www-form-urlencoded"),
        (b'{"token": "x"}', "application/json"),
        (b"token=a&token=b", "application/x-www-form-urlencoded"),
        (b"token=%ff", "text/plain"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(9)), "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_of_ours_is_refused(body: bytes, kind: str, site: Served) -> None:
    headers = {"Origin": site.url, "Content-Type": kind}
    with site.client() as client:
        assert client.post("/sign-in", content=body, headers=headers).status_code == 400


def test_nobody_signs_in_while_the_audit_log_cannot_be_written(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError("the disk is full")

    for part in ("intend", "conclude"):
        with monkeypatch.context() as patched, site.client() as client:
            patched.setattr(site.recorder, part, fail)
            assert site.sign_in(client, site.token()).status_code == 500
            assert not client.cookies
