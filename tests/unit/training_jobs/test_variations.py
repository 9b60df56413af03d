"""What is varied: the kinds that did best, or where these have nothing to vary those that were given up."""

from __future__ import annotations

from training_jobs.candidates import Candidate, Size
from training_jobs.trials import Trial
from training_jobs.variations import Variations

SIZE = Size(8000, 3, 2)


def trials(*kinds: str) -> list[Trial]:
    return [Trial(Candidate(kind, {})) for kind in kinds]


def varied(best: list[Trial], given_up: list[Trial]) -> list[str]:
    """The kinds of four variations in turn."""
    variations, found = Variations(1, SIZE), []
    for _ in range(4):
        candidate = variations.next(best, given_up)
        if candidate is None:
            break
        found.append(candidate.estimator)
        variations.tell(1.0)
    return found


def test_the_two_best_kinds_are_varied_by_turns() -> None:
    best = trials("linear", "xgboost", "lightgbm", "extra_trees")
    assert varied(best, trials("random_forest")) == ["xgboost", "lightgbm"] * 2


def test_where_only_what_cannot_vary_was_good_those_given_up_get_another_try() -> None:
    assert varied(trials("linear"), trials("lightgbm", "xgboost")) == ["lightgbm", "xgboost"] * 2


def test_with_nothing_to_vary_there_is_no_next() -> None:
    assert varied(trials("linear"), []) == []
