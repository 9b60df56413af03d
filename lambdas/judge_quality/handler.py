"""JudgeQuality: a window in, what came true of the matured predictions out, held against the promise."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout, metrics
from contracts.documents.monitoring import JudgeQualityRequest, Quality, Window
from contracts.monitoring import Monitoring
from contracts.settings import JudgeQualitySettings
from lambdas.aws import storage
from lambdas.judge_quality.joining import Joined
from lambdas.judge_quality.label_files import (
    SUFFIXES,
    Label,
    LabelFileError,
    Refused,
    latest,
    read_file,
)
from lambdas.judge_quality.quality import AS_PROMISED as KEPT
from lambdas.judge_quality.quality import (
    DECAYED,
    INSUFFICIENT_DATA,
    Asked,
    Judged,
    estimated,
    judge,
)
from lambdas.monitoring import champion, hours, windows
from lambdas.monitoring.champion import PARQUET, Baseline, arrays_of
from lambdas.monitoring.lineage import taken_by
from lambdas.monitoring.requests import PREDICTION, PROBABILITIES, TIME
from lambdas.monitoring.training_rows import KEY, KEY_ROW, rows_of
from lambdas.telemetry import count, logger
from scoring.figures import FloatArray


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: labels and captures are read as they lie, and nothing is moved."""
    settings = JudgeQualitySettings.from_environment()
    policy = Monitoring.from_document(json.loads(settings.monitoring_policy))
    request = JudgeQualityRequest.read(event)
    now, window = hours.moment(request.now), request.window
    with tempfile.TemporaryDirectory(prefix="quality-") as name:
        work = _Work(settings, policy, window, now, Path(name))
        document = work.document()
        place = layout.VERDICTS.uri(settings.artifact_bucket_name, window.last_hour)
        work.write(place)
    storage.write_json(document, f"{place}{layout.QUALITY_FILE}")
    count(settings.metric_namespace, metrics.LABELS_QUARANTINED, len(work.refused))
    count(settings.metric_namespace, metrics.LABELLED_ROWS, document["labelled_rows"])
    logger.info("quality", status=document["status"], reason=document["reason"])
    overall = document["overall"]
    return Quality(
        status=document["status"],
        reason=document["reason"],
        metric=document["metric"],
        labelled_rows=document["labelled_rows"],
        new_rows=document["new_rows"],
        document_uri=f"{place}{layout.QUALITY_FILE}",
        value=overall["value"],
        low=overall["low"],
        high=overall["high"],
        promised=overall["promised"],
        is_estimate=overall["is_estimate"],
    ).as_document()


class _Work:
    """One run over the labels that there are."""

    def __init__(
        self,
        settings: JudgeQualitySettings,
        policy: Monitoring,
        window: Window,
        now: datetime,
        scratch: Path,
    ) -> None:
        self._settings, self._policy, self._window, self._scratch = settings, policy, window, scratch
        self._bucket = settings.artifact_bucket_name
        self._oldest = now - timedelta(days=policy.label_days)
        self._matured_before = now - timedelta(hours=policy.label_delay_hours)
        self.baseline: Baseline = champion.load(window.baseline_uri)
        self.refused: list[Refused] = []
        self.files: list[str] = []
        self.unreadable: dict[str, str] = {}
        labels = self._labels()
        self.last, self.repeated, self.corrected = latest(labels)
        self.joined = Joined(labels=self.last, matured_before=self._matured_before)
        first = self._oldest.replace(minute=0, second=0, microsecond=0)
        for table in windows.batches(self._bucket, first, hours.read(window.last_hour), scratch):
            self.joined.add(_like(table, self.baseline))
        self.refused += self.joined.refused(self._matured_before)
        self.rows, self.labels = self.joined.table()
        self.new_rows = self._new_rows()

    def _labels(self) -> list[Label]:
        found: list[Label] = []
        contract = self.baseline.contract
        for version in storage.objects(self._settings.raw_bucket_name, layout.LABELS.prefix):
            if version.last_modified < self._oldest or not version.key.lower().endswith(SUFFIXES):
                continue
            self.files.append(version.key)
            uri = f"s3://{self._settings.raw_bucket_name}/{version.key}"
            try:
                content = storage.read_bytes(uri)
                for label in read_file(content, version.key, version.last_modified, contract):
                    if isinstance(label, Refused):
                        self.refused.append(label)
                    else:
                        found.append(label)
            except LabelFileError as error:
                self.unreadable[version.key] = str(error)
                self.refused.append(Refused(key=version.key, line=0, id="", reason=f"the file {error}"))
        return found

    def _new_rows(self) -> pa.Table | None:
        """What a retraining would add to the champion's dataset."""
        if self.rows is None:
            return None
        contract = self.baseline.contract
        table, refused = rows_of(
            self.rows,
            [label.value for label in self.labels],
            [label.more for label in self.labels],
            contract,
            self.baseline.columns,
        )
        self.refused += [
            Refused(
                key=self.last[identity, row].key,
                line=self.last[identity, row].line,
                id=identity,
                reason=reason,
            )
            for identity, row, reason in refused
        ]
        taken = taken_by(self.baseline.dataset_uri, self._bucket)
        keys = zip(table.column(KEY).to_pylist(), table.column(KEY_ROW).to_pylist(), strict=True)
        return table.filter(pa.array([key not in taken for key in keys], pa.bool_()))

    def document(self) -> dict[str, Any]:
        overall, slices, skipped = self._judged()
        status = KEPT
        if overall.value is None or overall.is_estimate:
            status = INSUFFICIENT_DATA
        elif overall.decayed or any(part.decayed for part in slices):
            status = DECAYED
        return {
            "format_version": 1,
            "window": self._window.as_document(),
            "status": status,
            "reason": self._reason(status, overall, slices),
            "metric": self.baseline.metric,
            "overall": asdict(overall),
            "slices": [asdict(part) for part in slices],
            "label_files": self.files,
            "unreadable_files": self.unreadable,
            "labels": len(self.last),
            "repeated_labels": self.repeated,
            "corrected_labels": self.corrected,
            "quarantined_labels": len(self.refused),
            "labels_of_unknown_classes": skipped,
            "matured_rows": self.joined.matured_rows,
            "waiting_rows": self.joined.waiting_rows,
            "labelled_rows": len(self.labels),
            "new_rows": self.new_rows.num_rows if self.new_rows is not None else 0,
        }

    def _judged(self) -> tuple[Judged, list[Judged], int]:
        baseline, policy = self.baseline, self._policy
        rows, labels = self.rows, self.labels
        nothing = Judged(
            name="overall", rows=0, value=None, low=None, high=None, promised=baseline.promised, decayed=False
        )
        own, skipped = nothing, 0
        found: list[Judged] = []
        if rows is not None and rows.num_rows:
            mine = self._of_champion(rows)
            chosen = rows.filter(pa.array(mine))
            values = [label.value for label, kept in zip(labels, mine, strict=True) if kept]
            asked, known = self._asked(chosen, values)
            skipped = int((~known).sum())
            own, found = judge(
                asked,
                baseline.promised,
                self._slices(chosen.filter(pa.array(known))),
                min_rows=policy.min_rows,
                max_decay_share=policy.max_decay_share,
            )
        if own.value is None and baseline.is_classifier:
            guess = estimated(
                baseline.metric, self._probabilities(), baseline.threshold, baseline.promised, policy.min_rows
            )
            own = guess or own
        return own, found, skipped

    def _of_champion(self, rows: pa.Table) -> npt.NDArray[np.bool_]:
        """Predictions of the model that serves; those before were another's."""
        since = hours.moment(self._window.since) if self._window.since else self._oldest
        return np.array([moment >= since for moment in rows.column(TIME).to_pylist()], dtype=bool)

    def _asked(self, rows: pa.Table, values: list[float | str]) -> tuple[Asked, npt.NDArray[np.bool_]]:
        baseline = self.baseline
        if not baseline.is_classifier:
            answers = np.asarray(rows.column(PREDICTION).to_numpy(), dtype=np.float64)
            target = np.array(values, dtype=np.float64)
            return Asked(metric=baseline.metric, target=target, answers=answers), np.ones(
                len(target), dtype=bool
            )
        places = {name: place for place, name in enumerate(baseline.classes)}
        known = np.array([value in places for value in values], dtype=bool)
        kept = rows.filter(pa.array(known))
        target = np.array([places[str(value)] for value in values if value in places], dtype=np.int64)
        shares = self._shares(kept)
        return Asked(
            metric=baseline.metric, target=target, answers=shares, threshold=baseline.threshold
        ), known

    def _shares(self, rows: pa.Table) -> FloatArray:
        """The probabilities that were answered; where an answer's format has none, what the same model says
        of the same request again."""
        found = rows.column(PROBABILITIES)
        if rows.num_rows and not found.null_count:
            return np.array(found.to_pylist(), dtype=np.float64)
        predictor = champion.predictor_of(self.baseline.model_data_uri, self._scratch)
        return np.asarray(predictor.answers(predictor.encode(arrays_of(rows, predictor.columns))))

    def _slices(self, rows: pa.Table) -> Mapping[str, tuple[npt.NDArray[np.bool_], float | None]]:
        """By the values of the contract's slice columns that are categories: the promise has the same
        names."""
        found: dict[str, tuple[npt.NDArray[np.bool_], float | None]] = {}
        texts = {column.name for column in self.baseline.columns if column.is_category}
        for name in self.baseline.contract.slices:
            if name in texts:
                values = np.array(rows.column(name).to_pylist(), dtype=object)
                for value in sorted({str(value) for value in values if value is not None}):
                    part = f"{name} = {value}"
                    if part in self.baseline.promised_slices:
                        found[part] = (values == value, self.baseline.promised_slices[part])
        return found

    def _probabilities(self) -> FloatArray | None:
        """Of the window's requests, where they have them."""
        names = [column.name for column in self.baseline.columns]
        pieces = list(
            windows.rows_of(self._window, self._bucket, self._scratch, [PREDICTION, PROBABILITIES, *names])
        )
        if not pieces:
            return None
        return self._shares(_like(pa.concat_tables(pieces), self.baseline))

    def _reason(self, status: str, overall: Judged, slices: list[Judged]) -> str:
        metric, asked = self.baseline.metric, self._policy.min_rows
        if overall.is_estimate:
            return (
                f"{metric} is about {overall.value:.4g} by the model's own probabilities, an estimate: there "
                f"are {len(self.labels)} matured labelled rows, and {asked} are asked for"
            )
        if status == INSUFFICIENT_DATA:
            return (
                f"{overall.rows} matured labelled rows of this model are fewer than the {asked} of min_rows"
            )
        worst = [part for part in (overall, *slices) if part.decayed] or [overall]
        return "; ".join(
            f"{part.name}: {metric} {part.value:.4g} ({part.low:.4g} to {part.high:.4g}, {part.rows} rows)"
            + (f", promised {part.promised:.4g}" if part.promised is not None else ", nothing was promised")
            for part in worst[:5]
        )

    def write(self, place: str) -> None:
        """What was set aside, and what a retraining would add."""
        if self.refused:
            path = self._scratch / "refused.parquet"
            pq.write_table(pa.Table.from_pylist([asdict(one) for one in self.refused]), path)
            storage.upload_file(path, f"{place}{layout.LABEL_QUARANTINE_FILE}", PARQUET)
        if self.new_rows is not None and self.new_rows.num_rows:
            path = self._scratch / "new.parquet"
            pq.write_table(self.new_rows, path)
            storage.upload_file(path, f"{place}{layout.NEW_ROWS_FILE}", PARQUET)


def _like(table: pa.Table, baseline: Baseline) -> pa.Table:
    """With every column of this champion: hours that another one served may lack some, which are missing."""
    for column in baseline.columns:
        if column.name not in table.column_names:
            kind = pa.string() if column.holds_texts else pa.float64()
            table = table.append_column(column.name, pa.nulls(table.num_rows, kind))
    return table
