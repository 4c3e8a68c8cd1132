"""Fuzzing one of the targets with atheris: `python -m sales_assets_tests.fuzz TARGET [OPTION ...]`.

Belongs here: what all targets need of atheris and libFuzzer. Does not: a target, which is a module
of its own with `seeds()` and `target()`, importable without atheris.

The options are libFuzzer's. Everything is below `.fuzz/TARGET`: `seeds`, `found` with the inputs
that reached new code, and `crash-...` or `timeout-...` for an input that broke a promise; given as
an argument such a file is run alone.
"""

from __future__ import annotations

import shutil
import sys
from importlib import import_module
from pathlib import Path

FOLDER = Path(".fuzz")


def run(name: str, options: list[str]) -> None:
    """Fuzz a target until an input breaks it, or as long as the options say."""
    import atheris

    # What is imported before is not seen by the fuzzer, so that targets are imported here only.
    # Atheris can tell top-level packages apart, no smaller ones.
    with atheris.instrument_imports(include=["sales_assets"]):
        module = import_module(f"sales_assets_tests.fuzz.{name}")
    folder = FOLDER / name
    seeds, work = folder / "seeds", folder / "work"
    # libFuzzer ends the process without any clean-up, so that it is done before.
    for old in (seeds, work):
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir(parents=True)
    (folder / "found").mkdir(exist_ok=True)
    for seed, content in module.seeds().items():
        (seeds / seed).write_bytes(content)
    signs = folder / "signs.dict"
    signs.write_text("".join(f'"{_in_hexadecimal(sign)}"\n' for sign in module.SIGNS), "ascii")
    if all(option.startswith("-") for option in options):
        options = [*options, str(folder / "found"), str(seeds)]
    with module.target(work.resolve()) as target:
        defaults = ["-timeout=20", f"-dict={signs}", f"-artifact_prefix={folder}/"]
        atheris.Setup([sys.argv[0], *defaults, *options], target)
        atheris.Fuzz()


def _in_hexadecimal(sign: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in sign)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
