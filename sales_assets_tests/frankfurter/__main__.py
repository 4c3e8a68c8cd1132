"""The stand-in by itself: `python -m sales_assets_tests.frankfurter COMMAND [OPTION ...]`.

Belongs here: the command line. Does not: what the commands do (`server`, `control`).
"""

from __future__ import annotations

import argparse
import inspect
import json
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from types import FrameType
from typing import Any

from sales_assets_tests.frankfurter.faults import FAULTS
from sales_assets_tests.frankfurter.questions import Kind
from sales_assets_tests.frankfurter.server import HOST, StandIn

PORT = 8765
SECONDS = 10
"""For the running stand-in to answer a command; it never takes long."""
OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "seconds": (float, "how late the answer is"),
    "pause": (float, "seconds between two pieces of the body"),
    "size": (int, "bytes of the body"),
    "retry_after": (int, "seconds after which the client may come again"),
    "as_date": (bool, "say when the client may come again as a date"),
    "status": (int, "500, 502 or 503"),
    "message": (str, "what the error says"),
    "days": (int, "by how many days the dates are moved"),
    "years": (int, "by how many years the dates are moved"),
    "currency": (str.upper, "whose rate; without it those of all"),
    "on": (date.fromisoformat, "the date whose rate it is; without it those of all dates"),
    "value": (str, "the text instead of the rate"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    given = vars(_parser().parse_args(arguments))
    run: Callable[..., None] = given.pop("run")
    try:
        run(**given)
    except urllib.error.HTTPError as refusal:
        print(json.load(refusal)["message"], file=sys.stderr)
        return 1
    except urllib.error.URLError as error:
        print(f"no stand-in answers on port {given['port']}: {error.reason}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"port {given['port']}: {error}", file=sys.stderr)
        return 1
    return 0


def serve(port: int, until: date | None) -> None:
    """Serve until a signal or `stop` says to end."""
    with StandIn(port, until=until) as stand_in:

        def end(number: int, frame: FrameType | None) -> None:
            stand_in.told_to_end.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        print(stand_in.url, flush=True)
        stand_in.told_to_end.wait()


def fault(
    port: int,
    name: str,
    nth: int,
    times: int,
    for_ever: bool,
    kind: Kind | None,
    delay: float,
    **options: Any,
) -> None:
    """Inject a fault into a running stand-in."""
    said = {name: value for name, value in options.items() if value is not None}
    asked = {"name": name, "options": said, "delay": delay, "nth": nth, "kind": kind}
    _ask(port, "POST", "/_faults", {**asked, "times": None if for_ever else times})


def recover(port: int) -> None:
    """Clear all faults of a running stand-in."""
    _ask(port, "DELETE", "/_faults")


def publish(port: int, until: date | None) -> None:
    """Let a running stand-in know publications up to a day, or all."""
    _ask(port, "POST", "/_until", {"until": until})


def calls(port: int) -> None:
    """Print what was asked of a running stand-in, a line for each call."""
    for call in _ask(port, "GET", "/_calls"):
        target = f"{call['path']}?{call['query']}".rstrip("?")
        status = call["status"] or "no answer"
        took = "..." if call["end"] is None else f"{call['end'] - call['start']:.3f} s"
        met = f"  {call['fault']}" if call["fault"] else ""
        print(f"{call['method']} {target}  {status}  {call['sent']} bytes  {took}{met}")


def stop(port: int) -> None:
    """End a running stand-in."""
    with suppress(ConnectionError, ValueError):  # it may be gone before it has answered
        _ask(port, "POST", "/_stop")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sales_assets_tests.frankfurter",
        description="A stand-in of the exchange-rate API Frankfurter v1, with the ECB's rates.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    port = argparse.ArgumentParser(add_help=False)
    port.add_argument("--port", type=int, default=PORT, help="its port (default: %(default)s)")
    until = argparse.ArgumentParser(add_help=False)
    until.add_argument(
        "--until",
        type=date.fromisoformat,
        metavar="DATE",
        help="the day that it is, and of the newest publication (default: that of the file)",
    )

    def command(name: str, run: Callable[..., None], *parents: argparse.ArgumentParser) -> None:
        text = inspect.getdoc(run)
        commands.add_parser(
            name, parents=[port, *parents], help=text, description=text
        ).set_defaults(run=run)

    command("serve", serve, until)
    _add_faults(commands.add_parser("fault", help=fault.__doc__, description=fault.__doc__), port)
    command("recover", recover)
    command("publish", publish, until)
    command("calls", calls)
    command("stop", stop)
    return parser


def _add_faults(parser: argparse.ArgumentParser, port: argparse.ArgumentParser) -> None:
    met = argparse.ArgumentParser(add_help=False)
    met.add_argument("--nth", type=int, default=1, help="the first call from now on that meets it")
    number = met.add_mutually_exclusive_group()
    number.add_argument("--times", type=int, default=1, help="how many calls meet it (default: 1)")
    number.add_argument("--for-ever", action="store_true", help="all calls meet it until `recover`")
    met.add_argument("--kind", type=Kind, choices=list(Kind), help="only calls of this kind")
    met.add_argument("--delay", type=float, default=0.0, help="seconds by which it is late besides")
    names = parser.add_subparsers(required=True, metavar="NAME")
    for name, make in FAULTS.items():
        one = names.add_parser(
            name.replace("_", "-"), parents=[port, met], help=make.__doc__, description=make.__doc__
        )
        one.set_defaults(run=fault, name=name)
        for option, parameter in inspect.signature(make).parameters.items():
            _add_option(one, option, parameter)


def _add_option(parser: argparse.ArgumentParser, option: str, parameter: inspect.Parameter) -> None:
    convert, text = OPTIONS[option]
    flag = f"--{option.replace('_', '-')}"
    if convert is bool:
        parser.add_argument(flag, action="store_true", help=text)
    else:
        required = parameter.default is parameter.empty
        parser.add_argument(flag, type=convert, required=required, help=text)


def _ask(port: int, method: str, path: str, asked: object = None) -> Any:
    body = None if asked is None else json.dumps(asked, default=str).encode()
    request = urllib.request.Request(f"http://{HOST}:{port}{path}", body, method=method)
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
