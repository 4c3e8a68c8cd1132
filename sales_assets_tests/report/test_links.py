"""Addresses of the UI, as its own webapp makes them."""

from sales_assets.report.links import Links


def test_assets_checks_and_runs_have_their_pages() -> None:
    links = Links("http://ui.example:3000/dagster/")
    base = "http://ui.example:3000/dagster"
    assert links.asset("marts/daily_revenue") == f"{base}/assets/marts/daily_revenue"
    assert links.check("shop/till/raw", "a&b") == (
        f"{base}/assets/shop/till/raw?view=checks&checkDetail=a%26b"
    )
    assert links.run("0a-1b") == f"{base}/runs/0a-1b"


def test_names_cannot_leave_their_place_in_an_address() -> None:
    assert Links("http://ui").asset('a"?b#c d') == "http://ui/assets/a%22%3Fb%23c%20d"


def test_without_an_address_nothing_is_linked() -> None:
    links = Links()
    assert (links.asset("a"), links.check("a", "b"), links.run("r")) == (None, None, None)
