"""How good the default model is: `make bench-quality DATA=housing.csv`.

Everything is scored on the split that the literature uses for these data (80/20, scikit-learn's
`train_test_split`, seed 42), so that figures compare row by row. Every choice is made on the 80 % alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBRegressor

from contracts.pipeline_config import PipelineConfig
from scoring.metrics import metrics_of
from training_jobs.choice import Parameters
from training_jobs.dataset import Dataset
from training_jobs.experiment import Experiment
from training_jobs.validation import summarise

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs/performance/quality.md"
SEED = 42
# A published notebook's recipe for the same split: three ratios and a tuned HistGradientBoosting.
PUBLISHED_RMSE, PUBLISHED_R2 = 45_532.0, 0.8418


@dataclass(frozen=True)
class Score:
    name: str
    rmse: float
    r2: float
    fit_seconds: float | None
    cv_rmse: float | None = None


def main() -> None:
    arguments = read_arguments()
    config = PipelineConfig.load(ROOT / "pipeline.toml")
    frame = pd.read_csv(arguments.data)
    for column in config.dataset.columns:
        if column.type == "category":
            frame[column.name] = frame[column.name].astype(object)
    train, test = train_test_split(frame, test_size=0.2, random_state=SEED)
    scores: list[Score] = []
    for score in run(config, train, test, arguments.budget_seconds):
        print(line(score), flush=True)
        scores.append(score)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(report(scores, len(train), len(test), arguments.budget_seconds), encoding="utf-8")
    print(f"written to {REPORT.relative_to(ROOT)}")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DATA") or None, help="the census as CSV")
    parser.add_argument("--budget-seconds", type=int, default=540, help="of the search; 0 leaves it out")
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("give the data: make bench-quality DATA=path/to/housing.csv")
    return arguments


def run(config: PipelineConfig, train: pd.DataFrame, test: pd.DataFrame, budget: int) -> Iterator[Score]:
    """Peers first, then the configuration as it is, then with a search."""
    target = config.dataset.target
    features = [column.name for column in config.dataset.feature_columns]
    for name, peer in peers().items():
        yield timed(name, partial(peer.fit, train[features], train[target]), test, features, target)
    yield Score("published recipe (three ratios, tuned HGB), as reported", PUBLISHED_RMSE, PUBLISHED_R2, None)
    experiment = Experiment(config, Dataset(train[features], train[target].to_numpy()), SEED)
    yield ours("Greenlight, default", experiment, config.training.parameters, test)
    if budget:
        from training_jobs.search import search

        settings = replace(config.training.search, enabled=True, budget_seconds=budget)
        yield from chosen(config, experiment, test, budget)
        found, trials = search(experiment, settings)
        yield ours(f"Greenlight, search ({len(trials)} trials, {budget} s)", experiment, found, test)


def chosen(
    config: PipelineConfig, experiment: Experiment, test: pd.DataFrame, budget: int
) -> Iterator[Score]:
    """`auto` and `ensemble`, both out of one search."""
    from training_jobs.auto import search

    training = replace(config.training, estimator="ensemble", budget_seconds=budget)
    found = search(replace(experiment, config=replace(config, training=training)))
    contract = config.dataset
    features = [column.name for column in contract.feature_columns]
    blend, folds = found.blend()
    blended = [fold.metrics(contract.task, "rmse_error") for fold in folds]
    for name, choice, scores in (
        (f"auto ({found.best().estimator})", found.best(), found.trials[0].scores),
        (f"ensemble of {len(blend.members)}", blend, blended),
    ):
        fit = partial(experiment.fit_choice, choice)
        score = timed(f"Greenlight, {name}, {budget} s", fit, test, features, contract.target)
        yield replace(score, cv_rmse=summarise(scores)["rmse_error"])


def peers() -> dict[str, Any]:
    """What a user would try first, on the same raw columns."""

    def columns() -> ColumnTransformer:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        return ColumnTransformer([("one_hot", encoder, ["ocean_proximity"])], remainder="passthrough")

    forest = RandomForestRegressor(100, random_state=SEED, n_jobs=-1)
    return {
        "HistGradientBoosting, defaults": make_pipeline(
            columns(), HistGradientBoostingRegressor(random_state=SEED)
        ),
        "RandomForest(100)": make_pipeline(columns(), forest),
        "XGBoost, defaults": make_pipeline(columns(), XGBRegressor(random_state=SEED)),
    }


def ours(name: str, experiment: Experiment, parameters: Parameters, test: pd.DataFrame) -> Score:
    contract = experiment.config.dataset
    features = [column.name for column in contract.feature_columns]
    cv = summarise(list(experiment.fold_scores(parameters)))["rmse_error"]
    score = timed(name, lambda: experiment.fit(parameters), test, features, contract.target)
    return replace(score, cv_rmse=cv)


def timed(name: str, fit: Callable[[], Any], test: pd.DataFrame, features: list[str], target: str) -> Score:
    started = time.perf_counter()
    model = fit()
    seconds = time.perf_counter() - started
    predicted = np.asarray(model.predict(test[features]), dtype=np.float64)
    scores = metrics_of("regression", test[target].to_numpy(), predicted)
    return Score(name, scores["rmse_error"], scores["r2_score"], seconds)


def line(score: Score) -> str:
    fit = "-" if score.fit_seconds is None else f"{score.fit_seconds:.1f}"
    cv = "-" if score.cv_rmse is None else f"{score.cv_rmse:,.0f}"
    return f"| {score.name} | {score.rmse:,.0f} | {score.r2:.4f} | {cv} | {fit} |"


def report(scores: list[Score], train: int, test: int, budget: int) -> str:
    rows = "\n".join(line(score) for score in scores)
    return f"""# How good the default model is

California housing (1990 census), {train:,} rows to learn from and the same {test:,} rows to score on for
everyone: `train_test_split(test_size=0.2, random_state={SEED})`. Every choice was made on the first part.
Over other random splits the standard deviation of these figures is about 1,000, so they compare only with
each other.

| model | RMSE | R2 | CV RMSE (3 folds of the 80 %) | fit, s |
|---|---:|---:|---:|---:|
{rows}

Made by `make bench-quality DATA=path/to/housing.csv`; the search had {budget} s on {os.cpu_count()} cores.
"""


if __name__ == "__main__":
    main()
