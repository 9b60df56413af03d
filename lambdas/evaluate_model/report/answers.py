"""How a model's answers lie beside the truth, as figures that a page can draw. Pure and JSON-compatible."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.classification import decisions
from scoring.figures import Array, FloatArray

GRID = 36
BINS = 40
CALIBRATION_BINS = 10
CALIBRATION_ROWS = 10  # a bin of fewer rows says nothing
PARTS = tuple(i / 20 for i in range(20))
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def regression_answers(target: Array, challenger: FloatArray, champion: FloatArray | None) -> dict[str, Any]:
    """A grid of actual against predicted, both models' residuals, and their spread along the target."""
    values = np.concatenate([target, challenger])
    low, high = _limits(values)
    inside = [np.clip(part, low, high) for part in (target, challenger)]
    grid = np.histogram2d(inside[0], inside[1], bins=GRID, range=[(low, high), (low, high)])[0]
    return {
        "predicted": {"low": low, "high": high, "counts": grid.astype(int).tolist()},
        "residuals": _residuals(target, challenger, champion),
        "bands": _bands(target, challenger, champion),
        "within": _within(target, challenger, champion),
    }


def classification_answers(
    target: Array,
    classes: tuple[str, ...],
    challenger: FloatArray,
    champion: FloatArray | None,
    threshold: float | None = None,
) -> dict[str, Any]:
    """Confusion counts [true][chosen] of the challenger, which says the second of two classes from
    `threshold` on, and what became of its probabilities."""
    size = len(classes)
    counts = np.zeros((size, size), dtype=int)
    np.add.at(counts, (target, decisions(challenger, threshold)), 1)
    return {
        "classes": list(classes),
        "confusion": counts.tolist(),
        "calibration": {
            "challenger": _calibration(target, challenger),
            "champion": None if champion is None else _calibration(target, champion),
        },
        "calibration_by_class": _by_class(target, classes, challenger) if size > 2 else [],
    }


def _limits(values: FloatArray) -> tuple[float, float]:
    """Wide enough for all but the last thousandth on either side, so that one wild value hides nothing."""
    low, high = (float(value) for value in np.quantile(values, (0.001, 0.999)))
    return (low, high) if high > low else (low - 1.0, low + 1.0)


def _residuals(target: Array, challenger: FloatArray, champion: FloatArray | None) -> dict[str, Any]:
    """Actual less predicted, over common bins; the outermost bins hold what lies beyond."""
    found = {"challenger": target - challenger}
    if champion is not None:
        found["champion"] = target - champion
    reach = float(np.quantile(np.abs(np.concatenate(list(found.values()))), 0.99)) or 1.0
    edges = np.linspace(-reach, reach, BINS + 1)
    return {
        "edges": edges.tolist(),
        "counts": {name: _histogram(values, edges) for name, values in found.items()},
        "quantiles": {
            name: {f"{q:g}": float(v) for q, v in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)}
            for name, values in found.items()
        },
    }


def _histogram(values: FloatArray, edges: FloatArray) -> list[int]:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return [int(count) for count in counts]


def _within(
    target: Array, challenger: FloatArray, champion: FloatArray | None
) -> dict[str, dict[str, float]]:
    """The error that each share of the rows stays within, by model."""
    found = (
        {"challenger": challenger} if champion is None else {"challenger": challenger, "champion": champion}
    )
    return {
        name: {f"{p:g}": float(np.quantile(np.abs(target - answers), p)) for p in PARTS}
        for name, answers in found.items()
    }


def _bands(target: Array, challenger: FloatArray, champion: FloatArray | None) -> list[dict[str, Any]]:
    """Mean absolute residual and mean residual by tenths of the actual value."""
    cuts = np.unique(np.quantile(target, np.linspace(0, 1, 11)))
    place = np.clip(np.searchsorted(cuts, target, side="left") - 1, 0, max(0, len(cuts) - 2))
    found = []
    for band in np.unique(place):
        rows = place == band
        entry: dict[str, Any] = {
            "low": float(cuts[band]),
            "high": float(cuts[min(band + 1, len(cuts) - 1)]),
            "rows": int(rows.sum()),
        }
        for name, answers in (("challenger", challenger), ("champion", champion)):
            if answers is not None:
                residual = target[rows] - answers[rows]
                entry[name] = {"mean_size": float(np.abs(residual).mean()), "mean": float(residual.mean())}
        found.append(entry)
    return found


def _calibration(target: Array, probabilities: FloatArray) -> list[dict[str, float]]:
    """Of two classes the second's probability, else that of the chosen class: what was said, what was so."""
    if probabilities.shape[1] == 2:
        said, so = probabilities[:, 1], target == 1
    else:
        said, so = probabilities.max(axis=1), target == probabilities.argmax(axis=1)
    return _reliability(said, so)


def _by_class(target: Array, classes: tuple[str, ...], probabilities: FloatArray) -> list[dict[str, Any]]:
    """Of several classes each against the rest: the mean probability that it was given, the share of rows
    that are of it, and the mean distance of the two over bins of probability (Naeini et al., 2015)."""
    found = []
    for index, name in enumerate(classes):
        said, so = probabilities[:, index], target == index
        place = np.minimum((said * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
        off = sum(abs(float(said[place == i].sum() - so[place == i].sum())) for i in np.unique(place))
        found.append(
            {
                "class": name,
                "said": float(said.mean()),
                "so": float(so.mean()),
                "off": off / max(1, len(target)),
            }
        )
    return found


def _reliability(said: FloatArray, so: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    place = np.minimum((said * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    common = [i for i in np.unique(place) if (place == i).sum() >= CALIBRATION_ROWS]
    return [
        {
            "said": float(said[place == i].mean()),
            "so": float(so[place == i].mean()),
            "rows": int((place == i).sum()),
        }
        for i in common
    ]
