"""What staging to S3 costs the client beside staging to a directory, in interleaved rounds.

    python -m benchmarks.staging --rows 1000000 --rounds 5

Each round stages one day to a directory and then the same day to a bucket, each in a process of
its own that has the day's `raw` behind it. Only the CPU seconds (user and system) of the staging
process count, from the drop to the objects in place: S3 is moto's server in another process. With
`--small N` each time N objects of one kilobyte are put instead. Prints the seconds and the ratio
of each round; fails if the median ratio is above `--most`, or if the two do not stage the same.
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
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.compare import contract, cost_of, generated
from benchmarks.generate import FIRST_DAY

BUCKET = "benchmark"
DAY = date.fromisoformat(FIRST_DAY)


def cpu_seconds() -> float:
    """CPU seconds of this process so far, with all of its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def stage() -> dict[str, Any]:
    """Stage the day in the home that the environment names."""
    from sales_assets.contracts.load import load_contracts
    from sales_assets.partitions import Window
    from sales_assets.resources.build import build_resources
    from sales_assets.resources.manifests import fingerprint, manifests
    from sales_assets.resources.staged_objects import save_days, staged_keys
    from sales_assets.settings import Settings

    settings = Settings.load()
    (described,) = load_contracts([settings.contracts_folder])
    resources = build_resources(settings)
    zone, catalogue, store, area = (
        resources[name] for name in ("landing_zone", "catalogue", "object_store", "staging_area")
    )
    catalogue.record(
        described, manifests(described, catalogue.refresh(described, zone, area.inspect))
    )
    begun = cpu_seconds()
    found = catalogue.recorded(described, Window.around([DAY]))
    prints = {day: fingerprint(described, files) for day, files in found.items()}
    before = staged_keys(store, described)
    (saved,) = [
        save_days(store, described, prints, days)
        for days in area.stage(described, zone, catalogue, found, settings.chunk_days)
    ]
    catalogue.record_staged(described, saved)
    spent = cpu_seconds() - begun
    keys = sorted(staged_keys(store, described) - before)
    with store.local(keys) as paths:
        sizes = {key: path.stat().st_size for key, path in zip(keys, paths, strict=True)}
    return {"cpu": spent, "objects": sizes, "accepted": saved[DAY].accepted}


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
    return {"cpu": spent, "seconds": took, "objects": len(store.find("small/"))}


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
    parser.add_argument("--only", action="store_true", help="measure this process's settings")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(put(options.small) if options.small else stage()))
        return
    ratios = []
    with tempfile.TemporaryDirectory() as name, serving() as address:
        folder = Path(name)
        generated(folder / "landing" / "benchmark" / "sales", 1, options.rows)
        (folder / "contracts").mkdir()
        (folder / "contracts" / "benchmark.odcs.yaml").write_text(contract(european=False))
        arguments = ["--only", "--small", str(options.small)]
        for number in range(1, options.rounds + 1):
            to_directory, to_s3 = (
                measured(arguments, environment)
                for environment in environments(folder, number, address)
            )
            if to_directory.get("accepted") != to_s3.get("accepted"):
                raise SystemExit(f"not the same: {to_directory} and {to_s3}")
            ratios.append(to_s3["cpu"] / to_directory["cpu"])
            print(
                f"round {number}: directory {to_directory['cpu']:.2f} and S3 {to_s3['cpu']:.2f} "
                f"CPU-s, ratio {ratios[-1]:.2f}; {to_s3}",
                flush=True,
            )
    told = f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    print(told)
    if not options.small and median(ratios) > options.most:
        raise SystemExit(f"{told} is above {options.most}")


if __name__ == "__main__":
    main()
