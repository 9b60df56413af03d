"""A blend of models: the weighted sum of their answers to the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from inference.model import links
from inference.model.structure import FloatArray, Model

if TYPE_CHECKING:
    from inference.kernel import Kernel

Sums = Callable[[FloatArray], FloatArray]


class BlendSum:
    """Each member's answers (n, outputs) times its share, added up in the members' order."""

    def __init__(self, model: Model, members: Sequence[Sums]) -> None:
        """`members` give the sums of rows (n, columns), as the model's members have them."""
        self._members = [
            (share, member.head, sums)
            for share, member, sums in zip(model.shares, model.members, members, strict=True)
        ]

    def __call__(self, matrix: FloatArray) -> FloatArray:
        total: FloatArray | float = 0.0
        for share, head, sums in self._members:
            total = total + share * links.answers(sums(matrix), head)
        return np.asarray(total)


class BlendKernel:
    """The compiled form of every member behind the methods of one kernel."""

    def __init__(self, model: Model, kernels: Sequence[Kernel]) -> None:
        self._first = kernels[0]
        self.sums = BlendSum(model, [kernel.sums for kernel in kernels])
        # All members read the same columns, so the first one's reader reads for all.
        self.read_csv, self.read_json = self._first.read_csv, self._first.read_json

    def sum_one(self, body: bytes, *, is_json: bool) -> FloatArray | None:
        """The blended answer (1, outputs) to a body of one plain row; None for any other body."""
        rows = self.read_json(body) if is_json else self.read_csv(body)
        return self.sums(rows) if rows is not None and len(rows) == 1 else None
