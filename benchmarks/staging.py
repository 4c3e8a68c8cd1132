"""What staging to S3 costs the client beside staging to a directory, in interleaved rounds.

    python -m benchmarks.staging --rows 1000000 --rounds 5

Each round materialises the `staged` asset of one day into a directory and then into a bucket, each
in a process of its own after another one made `raw`. Only the CPU seconds (user and system) of the
staging process count: S3 is moto's server in another process. With `--small N`, N objects of one
kilobyte are put instead. Prints the seconds of the whole process and of the run in it, and their
ratios; fails if the median ratio of the process is above `--most`, or if the two do not stage the
same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contenders import Size, contract
from benchmarks.generate import FIRST_DAY
from benchmarks.measuring import cost_of
from benchmarks.run import generated

BUCKET = "benchmark"


def cpu_seconds() -> float:
    """CPU seconds of this process so far, with all of its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(*layers: str) -> dict[str, Any]:
    """Materialise layers of the day in the home that the environment names, as a run does."""
    import dagster as dg

    from sales_assets.build import build_definitions
    from sales_assets.contracts.load import load_contracts
    from sales_assets.instance.embedded import embedded_instance
    from sales_assets.settings import Settings

    settings = Settings.load()
    (described,) = load_contracts([settings.contracts_folder])
    job = build_definitions(settings).resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey([described.team, described.source, layer]) for layer in layers]
    with embedded_instance(settings.dagster_home) as instance:
        before = cpu_seconds()
        job.execute_in_process(
            instance=instance,
            asset_selection=keys,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={
                "dagster/asset_partition_range_start": FIRST_DAY,
                "dagster/asset_partition_range_end": FIRST_DAY,
            },
        )
        spent = cpu_seconds() - before
        event = instance.get_latest_materialization_event(keys[-1])
    assert event is not None
    assert event.asset_materialization is not None
    told = event.asset_materialization.metadata
    return {
        "process": cpu_seconds(),
        "cpu": spent,
        "told": {
            name: told[name].value for name in told if name in {"accepted", "net_amount_exact"}
        },
    }


def put(count: int) -> dict[str, Any]:
    """Put small objects into the store that the environment names."""
    from sales_assets.resources.build import build_object_store
    from sales_assets.settings import Settings

    store = build_object_store(Settings.load())
    store.find("")  # the client is made
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(count):
            path = Path(folder, str(number))
            path.write_bytes(bytes(1024))
            files.append((path, f"small/{number}"))
        begun, started = cpu_seconds(), time.monotonic()
        store.put(files)
        spent, took = cpu_seconds() - begun, time.monotonic() - started
    return {"process": cpu_seconds(), "cpu": spent, "seconds": took}


@contextmanager
def serving() -> Iterator[str]:
    """The address of moto's server in a process of its own, with an empty bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        bucket = urllib.request.Request(f"{address}/{BUCKET}", method="PUT")
        bucket.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=x/1/us-east-1/s3/aws4")
        while True:
            try:
                with urllib.request.urlopen(bucket):
                    break
            except urllib.error.URLError:
                if server.poll() is not None:
                    raise
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def measured(arguments: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """What one process in an environment measured."""
    _, text = cost_of([sys.executable, "-m", "benchmarks.staging", *arguments], environment)
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def environments(folder: Path, number: int, address: str) -> tuple[dict[str, str], dict[str, str]]:
    """The settings of a fresh home that stages to a directory, and of one that stages to S3."""
    plain = {key: text for key, text in os.environ.items() if not key.startswith("AWS_")}
    plain |= {
        "SALES_ASSETS_CONTRACTS": str(folder / "contracts"),
        "SALES_ASSETS_LANDING_ZONE": str(folder / "landing"),
    }
    bucket = {
        "SALES_ASSETS_HOME": str(folder / f"s3-{number}"),
        "SALES_ASSETS_OBJECT_STORE": "s3",
        "SALES_ASSETS_S3_BUCKET": BUCKET,
        "SALES_ASSETS_S3_PREFIX": str(number),
        "SALES_ASSETS_S3_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "a-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "no_proxy": "127.0.0.1",
    }
    return plain | {"SALES_ASSETS_HOME": str(folder / f"directory-{number}")}, plain | bucket


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", type=int, default=0)
    parser.add_argument("--most", type=float, default=1.3)
    parser.add_argument("--only", choices=["raw", "staged", "small"], help="in this process")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(put(options.small) if options.only == "small" else run(options.only)))
        return
    ratios: dict[str, list[float]] = {"cpu": [], "process": []}
    with tempfile.TemporaryDirectory() as name, serving() as address:
        folder = Path(name)
        generated(folder / "landing" / "benchmark" / "sales", Size(1, options.rows))
        (folder / "contracts").mkdir()
        (folder / "contracts" / "benchmark.odcs.yaml").write_text(contract(european=False))
        for number in range(1, options.rounds + 1):
            found: list[dict[str, Any]] = []
            for environment in environments(folder, number, address):
                if options.small:
                    only = ["--only", "small", "--small", str(options.small)]
                else:
                    measured(["--only", "raw"], environment)
                    only = ["--only", "staged"]
                found.append(measured(only, environment))
            to_directory, to_s3 = found
            if to_directory.get("told") != to_s3.get("told"):
                raise SystemExit(f"not the same: {to_directory} and {to_s3}")
            for kind, some in ratios.items():
                some.append(to_s3[kind] / to_directory[kind])
            print(f"round {number}: directory {_said(to_directory)}, S3 {_said(to_s3)}", flush=True)
    for kind, title in (("process", "whole process"), ("cpu", "the run alone")):
        some = ratios[kind]
        print(f"{title}: ratio {median(some):.2f} ({min(some):.2f} to {max(some):.2f})")
    if not options.small and median(ratios["process"]) > options.most:
        raise SystemExit(f"above {options.most}")


def _said(found: Mapping[str, Any]) -> str:
    return f"{found['process']:.2f} CPU-s, of these {found['cpu']:.2f} for the run"


if __name__ == "__main__":
    main()
