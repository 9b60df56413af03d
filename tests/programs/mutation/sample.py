"""Which mistakes are tried: a seeded sample in which every file has its share, and whose every beginning is
one too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from tests.programs.mutation.operators import Mutant, mutants

FOLDERS = ("contracts", "lambdas", "inference")
LEFT_OUT = ("lambdas/evaluate_model/report/",)


def population(root: Path, files: Iterable[str]) -> dict[str, list[Mutant]]:
    """File → every mistake in it, for the files that count."""
    counted = [
        file
        for file in sorted(files)
        if (root / file).is_file()
        and file.endswith(".py")
        and file.split("/")[0] in FOLDERS
        and not file.startswith(LEFT_OUT)
    ]
    found = {file: mutants(file, (root / file).read_text(encoding="utf-8")) for file in counted}
    return {file: made for file, made in found.items() if made}


def draw(every: Mapping[str, Sequence[Mutant]], wanted: int, seed: int) -> list[Mutant]:
    """About `wanted` mistakes, in the order in which to try them.

    Each file gives its share: the whole part surely, one more with the probability of what is left over. So
    every mistake has the same chance, and the share of those found among the tried is an estimate for all.
    """
    total = sum(map(len, every.values()))
    rate = min(Fraction(wanted, total), Fraction(1)) if total else Fraction(0)
    drawn: list[Mutant] = []
    for file, made in every.items():
        share = rate * len(made)
        count = int(share) + (_chance(seed, file) < share - int(share))
        drawn += sorted(made, key=lambda m: _chance(seed, m.name))[:count]
    return sorted(drawn, key=lambda m: _chance(seed, f"order {m.name}"))


def _chance(seed: int, name: str) -> float:
    """A number in [0, 1) that only seed and name decide, so that an edited file changes its own share
    alone."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
