"""What `auto` tries, the cheap and the likely first: estimators with parameters that suit the data's size."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training_jobs.choice import Parameters

SMALL_ROWS = 2_000
LARGE_ROWS = 50_000
MOST_ROUNDS = 2_000
# A histogram booster of scikit-learn cannot be stopped by the clock, so on many rows it gets fewer rounds.
MOST_ROUNDS_OF_MANY = 300
FOREST_CELLS = 30_000_000
# Up to so many rows a forest takes no more time than a booster that stops early.
FOREST_SOON_ROWS = 10_000


@dataclass(frozen=True)
class Candidate:
    """An estimator with its parameters. One that `stops_early` is grown until the validation rows have had
    enough, and keeps the number of rounds that they chose."""

    estimator: str
    parameters: Parameters
    stops_early: bool = False


@dataclass(frozen=True)
class Size:
    """How large the data are, and what is to be learnt. `may_grow_by_factors` of amounts of which none is
    below zero: what moves a price moves a high one by more."""

    rows: int
    columns: int
    classes: int
    may_grow_by_factors: bool = False

    @property
    def is_wide(self) -> bool:
        """More columns than rows: only what is held back hard learns from these."""
        return self.columns > self.rows

    @property
    def trees_per_round(self) -> int:
        return self.classes if self.classes > 2 else 1


def first_candidates(size: Size) -> list[Candidate]:
    """In the order in which they are tried: what a user would have tried first comes early, so that a busy
    machine or a short budget serves nobody worse than that."""
    forests = _forests(size) if size.rows * size.columns <= FOREST_CELLS else []
    full = [_full_forest(size)] if forests and size.rows <= LARGE_ROWS else []
    quick, *slow = _boosters(size)
    factors = [_by_factors(quick)] if size.may_grow_by_factors else []
    soon, late = (full, []) if size.rows <= FOREST_SOON_ROWS else ([], full)
    first = [*_linear(size), _plain_histogram(), *soon, quick, *factors]
    return [*first, *forests, *slow] if size.rows <= SMALL_ROWS else [*first, *slow, *forests, *late]


def _by_factors(quick: Candidate) -> Candidate:
    """The same trees, whose answers multiply instead of adding up (the logarithm is the link)."""
    return replace(quick, parameters={**quick.parameters, "objective": "poisson"})


def _linear(size: Size) -> list[Candidate]:
    name = "C" if size.classes else "alpha"
    strengths = _STRENGTHS[bool(size.classes), size.rows <= SMALL_ROWS]
    return [Candidate("linear", {name: value}) for value in strengths]


# By whether there are classes, and whether the rows are few; the likeliest first, which is always tried to
# its end. A straight line itself is hardly held back.
_STRENGTHS = {
    (True, True): (1.0, 0.1, 10.0, 0.01),
    (True, False): (1.0,),
    (False, True): (1.0, 10.0, 0.1, 100.0, 0.001, 1000.0),
    (False, False): (1.0, 0.001),
}


def _boosters(size: Size) -> list[Candidate]:
    if size.rows <= SMALL_ROWS:
        return [_lightgbm(7, 10, 0.05), _xgboost(3, 0.05), _histogram(7, 10, 0.05)]
    if size.rows <= LARGE_ROWS:
        return [_lightgbm(31, 20, 0.05), _xgboost(6, 0.05), _histogram(31, 20, 0.08)]
    return [_lightgbm(63, 50, 0.1), _xgboost(8, 0.1), _histogram(63, 50, 0.1, of_many=True)]


def _forests(size: Size) -> list[Candidate]:
    trees, leaf = (150, 2) if size.rows <= SMALL_ROWS else (100, 2 if size.rows <= LARGE_ROWS else 5)
    share: float | str = "sqrt" if size.classes or size.is_wide else 0.4
    return [
        Candidate(name, {"n_estimators": trees, "min_samples_leaf": leaf, "max_features": share})
        for name in ("extra_trees", "random_forest")
    ]


def _full_forest(size: Size) -> Candidate:
    """Trees that grow to the last row, and of numbers look at all columns, as a user would have tried them:
    they learn what hardly anything disturbs, such as sums and products."""
    share: float | str = "sqrt" if size.classes or size.is_wide else 1.0
    return Candidate("random_forest", {"n_estimators": 100, "min_samples_leaf": 1, "max_features": share})


def _plain_histogram() -> Candidate:
    """What a user would have tried first: nobody should be served worse than by that."""
    return Candidate("hist_gradient_boosting", {"max_iter": 100})


def _histogram(leaves: int, smallest: int, rate: float, *, of_many: bool = False) -> Candidate:
    return Candidate(
        "hist_gradient_boosting",
        {
            "max_iter": MOST_ROUNDS_OF_MANY if of_many else MOST_ROUNDS,
            "learning_rate": rate,
            "max_leaf_nodes": leaves,
            "min_samples_leaf": smallest,
            "max_features": 0.5,
            "l2_regularization": 1.0,
        },
        stops_early=True,
    )


def _lightgbm(leaves: int, smallest: int, rate: float) -> Candidate:
    return Candidate(
        "lightgbm",
        {
            "n_estimators": MOST_ROUNDS,
            "learning_rate": rate,
            "num_leaves": leaves,
            "min_child_samples": smallest,
            "feature_fraction_bynode": 0.5,
            "subsample": 0.8,
            "subsample_freq": 1,
            "reg_lambda": 1.0,
        },
        stops_early=True,
    )


def _xgboost(depth: int, rate: float) -> Candidate:
    return Candidate(
        "xgboost",
        {
            "n_estimators": MOST_ROUNDS,
            "learning_rate": rate,
            "max_depth": depth,
            "colsample_bynode": 0.5,
            "subsample": 0.8,
            "reg_lambda": 1.0,
            "min_child_weight": 2.0,
        },
        stops_early=True,
    )
