"""Many tests as one family. Pure."""

from __future__ import annotations

import numpy as np

from scoring.figures import FloatArray


def holm(p_values: FloatArray) -> FloatArray:
    """Each chance (k,) as it counts among all: rejecting those at or below a rate keeps the chance of even
    one false rejection at that rate, however the tests depend on each other (Holm, "A simple sequentially
    rejective multiple test procedure", 1979). What is NaN was not tested, and stays so."""
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = (len(order) - np.arange(len(order))) * p_values[order]
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else steps
    return adjusted
