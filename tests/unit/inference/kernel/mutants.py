"""Mutated artefacts and bodies for a kernel built with sanitizers: `python -m ... LIBRARY SEED ROUNDS`.

It runs in a process of its own, because a sanitizer has to be loaded before everything else and ends the
process at its first finding. An artefact that the validation passes has to be followed without one, and a
body has to be read as Python reads it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from contracts.values import Grammar
from inference.errors import ArtefactError, InvalidRequestError
from inference.formats.csv_body import parse_csv
from inference.formats.json_body import parse_json
from inference.kernel.library import Kernel, open_library
from inference.model import InputColumn, Model
from inference.model.predictor import codes_of
from inference.model.validation import validate
from tests.unit.inference.models import COLUMNS, linear_model, random_rows, tree_model

_VALUES: tuple[Any, ...] = (-1, 0, 1, 2, 7, 63, 64, 255, 256, 65535, 1 << 20, 1 << 31, -(1 << 31), 1 << 40)
_PIECES = (
    *(b",", b"\n", b"\r\n", b'"', b"1", b"-", b".", b"e", b"e5", b"1e999", b"9" * 30, b"0.1", b"INLAND"),
    *(b"NEAR BAY", b" ", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"[", b"]", b"{", b"}", b":", b"null"),
    *(b'"rooms"', b'"people"', b'"sea"', b'"INLAND"', b'"instances"', b'"columns"', b'"data"', b'"inputs"'),
    *(b"\\", b'""', b"true", b"NaN", b"a,b", b"x\ny"),
)
# Categories that look like what their formats are made of.
_TEXTS = ('"x"', "\ufeffy", "a,b", "x\ny", "é", "1", "null", "a\0b", " z", "INLAND")
_AWKWARD = (
    InputColumn("sea", "category", _TEXTS, Grammar(type="category", missing=("NA", "?"))),
    InputColumn("rooms", "number"),
    InputColumn("people", "integer"),
)


def models(random: np.random.Generator) -> Iterator[Model]:
    """Models as they are exported, of every layout that the kernel has."""
    seed = int(random.integers(1 << 30))
    yield tree_model(seed, trees=int(random.integers(1, 14)), leaves=int(random.integers(1, 65)))
    yield tree_model(seed, leaves=90, fewest=70, of_floats=bool(seed % 2), trees=3)
    yield tree_model(seed, leaves=90, fewest=70, outputs=3, per_leaf=3, trees=3)
    yield tree_model(seed, leaves=5, outputs=2, precision="float32")
    yield linear_model(seed, outputs=2)


def mutated(model: Model, random: np.random.Generator) -> Model:
    """One to three elements, lengths or types changed in one or two arrays."""
    arrays = {name: np.array(array) for name, array in model.arrays.items()}
    for _ in range(int(random.integers(1, 4))):
        name = str(random.choice(sorted(arrays)))
        array = arrays[name]
        kind = int(random.integers(7))
        if kind == 6 and "leaf" in arrays:
            arrays["leaf"] = arrays["leaf"] % 3
            arrays["values"] = arrays["values"][: int(random.integers(3, 9))]
            continue
        if kind == 0 and array.size:
            arrays[name] = array[: int(random.integers(len(array)))]
        elif kind == 1:
            arrays[name] = np.concatenate([array, array[:1]])
        elif kind == 2 and array.dtype.kind in "iu":
            arrays[name] = array.astype(random.choice(["i1", "u8", "f8", "i4"]))
        elif array.size:
            flat = np.array(arrays[name], dtype=np.int64 if array.dtype.kind in "iu" else np.float64)
            flat.flat[int(random.integers(flat.size))] = _VALUES[int(random.integers(len(_VALUES)))]
            arrays[name] = flat
    return replace(model, arrays=arrays)


def follow(library: Any, model: Model) -> None:
    for level in (0, 2):
        kernel = Kernel(library, model, level)
        for count in (1, 3, 70):
            kernel.sums(random_rows(count, model.columns))
        kernel.sum_one(b"1,2,INLAND\n", is_json=False)


def body(random: np.random.Generator) -> bytes:
    return b"".join(_PIECES[i] for i in random.integers(len(_PIECES), size=int(random.integers(1, 30))))


def plain(random: np.random.Generator, columns: tuple[InputColumn, ...]) -> bytes:
    """A body near one that the compiled readers take, with some bytes changed."""
    rows = [[_field(random, column) for column in columns] for _ in range(int(random.integers(1, 4)))]
    if random.integers(2):
        text = "\n".join(",".join(row) for row in rows).encode()
    else:
        quoted = [
            [f'"{f}"' if c.is_category else f for f, c in zip(row, columns, strict=True)] for row in rows
        ]
        text = ("[" + ",".join("[" + ",".join(row) + "]" for row in quoted) + "]").encode()
    changed = bytearray(text)
    for _ in range(int(random.integers(3))):
        changed[int(random.integers(len(changed)))] = int(random.integers(256))
    return bytes(changed)


def _field(random: np.random.Generator, column: InputColumn) -> str:
    if column.is_category:
        texts = (*column.categories, *column.grammar.missing, "", "other")
        return texts[int(random.integers(len(texts)))]
    return f"{random.normal():.3g}" if column.type == "number" else str(random.integers(99))


def read(kernel: Kernel, columns: tuple[InputColumn, ...], data: bytes) -> None:
    """What the compiled readers take, Python's read alike."""
    codes = tuple(codes_of(column) for column in columns)
    for compiled, parse in ((kernel.read_csv(data), parse_csv), (kernel.read_json(data), parse_json)):
        if compiled is None:
            continue
        try:
            expected = parse(data, columns, codes)
        except InvalidRequestError as error:
            raise AssertionError(f"only Python refuses {data!r}: {error}") from error
        assert np.array_equal(compiled, expected, equal_nan=True), data
    kernel.sum_one(data, is_json=False)
    kernel.sum_one(data, is_json=True)


def main(path: str, seed: int, rounds: int) -> None:
    random = np.random.default_rng(seed)
    library = open_library(path)
    readers = [(Kernel(library, tree_model(columns=c, steps=())), c) for c in (COLUMNS, _AWKWARD)]
    followed = refused = 0
    for _ in range(rounds):
        for model in models(random):
            follow(library, model)
            for _ in range(10):
                other = mutated(model, random)
                try:
                    validate(other)
                except ArtefactError:
                    refused += 1
                    continue
                followed += 1
                follow(library, other)
        for _ in range(200):
            for kernel, columns in readers:
                read(kernel, columns, body(random) if random.integers(2) else plain(random, columns))
    print(f"followed {followed} mutants, refused {refused}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
