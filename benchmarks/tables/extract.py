"""Writes one table of the shelf as a CSV: `python extract.py SOURCE OUTPUT`, in the venv of the tables.

It imports nothing of the project. The tables are written as their packages have them.
"""

from __future__ import annotations

import importlib.util
import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd


def folder_of(package: str) -> Path:
    """Where the package lies: it is not imported, for it may need what is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"the package {package} is not installed")
    return Path(found.origin).parent


def from_sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame
    if len(bunch.get("target_names", ())) and name != "diabetes":
        frame["target"] = [str(bunch.target_names[int(value)]) for value in frame["target"]]
    return frame


def from_pydataset(name: str) -> pd.DataFrame:
    with tarfile.open(folder_of("pydataset") / "resources.tar.gz") as archive:
        for member in archive.getmembers():
            if Path(member.name).name == f"{name}.csv":
                file = archive.extractfile(member)
                assert file is not None
                return pd.read_csv(io.BytesIO(file.read()), index_col=0)
    raise SystemExit(f"pydataset has no {name}.csv")


def from_file(package: str, name: str) -> pd.DataFrame:
    for path in sorted(folder_of(package).rglob(f"{name}.*")):
        if path.suffix in (".csv", ".gz", ".bz2", ".zip", ".parquet"):
            return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    raise SystemExit(f"{package} has no {name}")


def hopeless(name: str) -> pd.DataFrame:
    """A target that nothing explains: a coin beside noise, and tomorrow's market without today's return."""
    if name == "Smarket":
        return from_file("ISLP", "Smarket").drop(columns=["Today", "Year"])
    random = np.random.default_rng(7)
    frame = pd.DataFrame(random.normal(size=(1200, 4)), columns=["wind", "force", "height", "spin"])
    return frame.assign(side=random.choice(["heads", "tails"], 1200))


def main(source: str, output: str) -> None:
    package, name = source.split(":")
    if package == "sklearn":
        frame = from_sklearn(name)
    elif package == "pydataset":
        frame = from_pydataset(name)
    else:
        frame = hopeless(name) if package == "hopeless" else from_file(package, name)
    frame.to_csv(output, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
