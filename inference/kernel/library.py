"""The kernel's functions as Python sees them."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from contracts.values import NUMERIC
from inference.kernel import build
from inference.model import FloatArray, InputColumn, Model, Operation

_OPERATIONS = {name: code for code, name in enumerate(get_args(Operation))}
_ARRAYS = {
    "start": np.int32,
    "output": np.int32,
    "feature": np.int32,
    "threshold": np.float64,
    "left": np.int32,
    "right": np.int32,
    "missing_left": np.uint8,
    "leaf": np.int32,
    "values": np.float64,
    "weights": np.float64,
    "lookup": np.float64,
}
_STEP = np.dtype([("op", "<i4"), ("a", "<i4"), ("b", "<i4"), ("_", "<i4"), ("p", "<f8"), ("q", "<f8")])
_ALL_FEATURES = 2
# Instead of a number of words, of columns that have none.
_NUMBER, _WHOLE = -1, -2


class _Spec(ctypes.Structure):
    """gl_spec of kernel.h."""

    _fields_ = [
        *(
            (name, ctypes.c_int64)
            for name in (
                "columns",
                "steps",
                "outputs",
                "trees",
                "nodes",
                "leaves",
                "per_leaf",
                "linear",
                "single",
                "lookups",
            )
        ),
        *(
            (name, ctypes.c_void_p)
            for name in (
                "step",
                "baseline",
                "start",
                "output",
                "feature",
                "threshold",
                "left",
                "right",
                "missing_left",
                "leaf",
                "values",
                "weights",
                "lookup",
            )
        ),
    ]


class Kernel:
    """One model inside the compiled library."""

    def __init__(self, library: ctypes.CDLL, model: Model, level: int = _ALL_FEATURES) -> None:
        self._library = library
        self._sum_one = library.gl_sum_one
        self._outputs = model.head.outputs
        self._columns = len(model.columns)
        self._model = _create(library, model, level)
        self._reader = _create_reader(library, model.columns)
        self._order = np.arange(self._columns, dtype=np.int32)
        self._one = np.empty((1, self._outputs))
        self._one_address = self._one.ctypes.data
        self._order_address = self._order.ctypes.data

    def __del__(self) -> None:
        if getattr(self, "_model", None):
            self._library.gl_free(self._model)
        if getattr(self, "_reader", None):
            self._library.gl_reader_free(self._reader)

    def sums(self, matrix: FloatArray) -> FloatArray:
        """What trees or weights add up to (n, outputs) for rows (n, columns)."""
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        sums = np.empty((len(rows), self._outputs))
        if self._library.gl_predict(self._model, rows.ctypes.data, len(rows), sums.ctypes.data):
            raise MemoryError(f"no memory to predict {len(rows)} rows")
        return sums

    def sum_one(self, body: bytes, *, is_json: bool) -> FloatArray | None:
        """The sums (1, outputs) of a JSON or CSV body of one plain row; None for any other body.

        The array is the same one every time.
        """
        order = None if is_json else self._order_address
        if self._reader is None or self._sum_one(
            self._model, self._reader, body, len(body), order, self._one_address
        ):
            return None
        return self._one

    def read_csv(self, body: bytes, order: npt.NDArray[np.int32] | None = None) -> FloatArray | None:
        """The matrix (n, columns) of a plain CSV body without a header; None where Python must read it.

        `order` gives the column of each field.
        """
        if self._reader is None:
            return None
        # A row takes at least a separator or line end a column.
        room = min(body.count(b"\n"), len(body) // self._columns) + 1
        rows = np.empty((room, self._columns))
        fields = self._order if order is None else order
        found = self._library.gl_read_csv(
            self._reader, body, len(body), fields.ctypes.data, rows.ctypes.data, len(rows)
        )
        return rows[:found] if found > 0 else None

    def read_json(self, body: bytes) -> FloatArray | None:
        """The matrix (n, columns) of a plain JSON body; None where Python must read it."""
        if self._reader is None:
            return None
        # Each row opens a bracket of its own, and holds a character and a separator a column.
        room = min(body.count(b"[") + body.count(b"{"), len(body) // (2 * self._columns) + 1)
        rows = np.empty((room, self._columns))
        found = self._library.gl_read_json(self._reader, body, len(body), rows.ctypes.data, len(rows))
        return rows[:found] if found > 0 else None


@functools.cache
def load() -> ctypes.CDLL | None:
    """The library, built if need be. None without a compiler, or where GREENLIGHT_KERNEL=off."""
    if os.environ.get("GREENLIGHT_KERNEL") == "off":
        return None
    path = build.find_or_build()
    return open_library(str(path)) if path else None


def open_library(path: str) -> ctypes.CDLL:
    """The library of a path, told what its functions take."""
    library = ctypes.CDLL(path)
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    for name, result, arguments in (
        ("gl_create", pointer, [ctypes.POINTER(_Spec), ctypes.c_int]),
        ("gl_free", None, [pointer]),
        ("gl_predict", ctypes.c_int, [pointer, pointer, number, pointer]),
        ("gl_reader_create", pointer, [number, pointer, pointer, ctypes.c_char_p, pointer]),
        ("gl_reader_free", None, [pointer]),
        ("gl_sum_one", ctypes.c_int, [pointer, pointer, ctypes.c_char_p, number, pointer, pointer]),
        ("gl_read_json", number, [pointer, ctypes.c_char_p, number, pointer, number]),
        ("gl_read_csv", number, [pointer, ctypes.c_char_p, number, pointer, pointer, number]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _create(library: ctypes.CDLL, model: Model, level: int) -> Any:
    given = model.arrays
    arrays = {
        name: np.ascontiguousarray(given[name], kind) for name, kind in _ARRAYS.items() if name in given
    }
    arrays["baseline"] = np.array(model.head.baseline, dtype=np.float64)
    arrays["step"] = np.array([(_OPERATIONS[s.op], s.a, s.b, 0, s.p, s.q) for s in model.steps], dtype=_STEP)
    linear = model.head.kind == "linear"
    spec = _Spec(
        columns=model.row_width,
        steps=len(model.steps),
        outputs=model.head.outputs,
        linear=linear,
        single=model.head.precision == "float32",
        lookups=len(arrays.get("lookup", ())),
        trees=0 if linear else len(arrays["output"]),
        nodes=0 if linear else len(arrays["feature"]),
        leaves=0 if linear else len(arrays["values"]),
        per_leaf=1 if linear else arrays["values"].shape[1],
        **{name: array.ctypes.data for name, array in arrays.items()},
    )
    made = library.gl_create(ctypes.byref(spec), level)
    if not made:
        raise MemoryError("no memory for the model")
    return made


def _create_reader(library: ctypes.CDLL, columns: Sequence[InputColumn]) -> Any:
    """None where a column is of a kind that only Python reads: text that is counted, say."""
    if not any(column.type in NUMERIC for column in columns) or not all(map(_is_readable, columns)):
        return None
    words = [
        (*column.categories, *(column.grammar.missing if column.is_category else ())) for column in columns
    ]
    texts = [text.encode() for texts in words for text in texts]
    texts += [column.name.encode() for column in columns]
    kinds = {"number": _NUMBER, "integer": _WHOLE}
    counts = np.array(
        [kinds.get(c.type, len(known)) for c, known in zip(columns, words, strict=True)], dtype=np.int64
    )
    numbered = np.array([len(column.categories) for column in columns], dtype=np.int64)
    bounds = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    made = library.gl_reader_create(
        len(columns), counts.ctypes.data, numbered.ctypes.data, b"".join(texts), bounds.ctypes.data
    )
    if not made:
        raise MemoryError("no memory for the reader")
    return made


def _is_readable(column: InputColumn) -> bool:
    """Markers of missing values are left to Python in a column of numbers, unless one is a number itself."""
    plain = replace(column.grammar, missing=()).is_plain and not column.grammar.numeric_missing
    return plain and (column.is_category or column.type in NUMERIC)
