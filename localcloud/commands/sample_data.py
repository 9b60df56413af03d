"""`python -m localcloud sample-data [DIR]`: files to upload and to ask for, for whoever has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.commands.running import CommandError

DIRECTORY = Path("sample")
TARGET = "median_house_value"
_ASKED = 100


def add_command(commands: Any) -> None:
    """The command of the command line."""
    parser = commands.add_parser(
        "sample-data", help="write made-up data in the California-housing schema, and requests for it"
    )
    parser.add_argument("directory", nargs="?", type=Path, default=DIRECTORY, help="default: %(default)s")
    parser.add_argument("--rows", type=_row_count, default=20_000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=7, help="another seed, other rows (default: %(default)s)")


def run(directory: Path, rows: int, seed: int) -> str:
    """Write the files; what to print."""
    from localcloud.commands.housing import generate

    header, *lines = generate(rows, seed).decode().splitlines()
    files = {
        "housing.csv": [header, *lines],
        "quarter.csv": [header, *lines[::4]],
        "requests.csv": [_without_target(header, line) for line in lines[:_ASKED]],
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (directory / name).write_text("\n".join(content) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{directory} cannot be written: {error.strerror}") from error
    return (
        f"{directory}/housing.csv    {rows:,} rows to upload\n"
        f"{directory}/quarter.csv    every fourth of them, for a first model to be improved on\n"
        f"{directory}/requests.csv   {len(files['requests.csv'])} rows without {TARGET}, to ask the endpoint"
    )


def _without_target(header: str, line: str) -> str:
    index = header.split(",").index(TARGET)
    values = line.split(",")
    return ",".join(values[:index] + values[index + 1 :])


def _row_count(text: str) -> int:
    from argparse import ArgumentTypeError

    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number of rows above 0")
    return int(text)
