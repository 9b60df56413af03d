"""CloseHours: on a schedule, closes the hours that are over and uploads closed ones as a dataset in parts."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout, metrics
from contracts.pipeline_config import PipelineConfig
from contracts.settings import CloseHoursSettings
from lambdas.aws import once, storage
from lambdas.close_hours import tables, units
from lambdas.close_hours.units import Unit
from lambdas.streams import hours
from lambdas.telemetry import count, logger

PARQUET = "application/vnd.apache.parquet"


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice, also at the same time, and go on where it died: a unit is named after the objects in it,
    these are deleted when it is there, and a dataset's manifest is written once.

    An operator may close hours before their time: `{"now": "2026-11-28T16:00:00+00:00"}`. What comes for them
    later is late then, and not lost.
    """
    settings = CloseHoursSettings.from_environment()
    config = PipelineConfig.load(Path(settings.pipeline_config_path))
    now = datetime.fromisoformat(event["now"]) if event.get("now") else datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="hours-") as name:
        work = _Work(settings, config, Path(name))
        closed = work.close(now)
        dataset = work.upload()
    count(settings.metric_namespace, metrics.HOURS_CLOSED, len(closed))
    count(settings.metric_namespace, metrics.STREAM_DATASETS, 1 if dataset else 0)
    logger.info("hours closed", hours=[unit.hour for unit in closed], dataset=dataset)
    return {
        "closed": [{"hour": unit.hour, "rows": unit.rows} for unit in closed],
        "dataset_uri": dataset,
    }


class _Work:
    """One run over what lies in the bucket."""

    def __init__(self, settings: CloseHoursSettings, config: PipelineConfig, scratch: Path) -> None:
        self._settings, self._config, self._scratch = settings, config, scratch
        self._bucket = settings.artifact_bucket_name
        self._units = [Unit.read(path) for path in self._paths(layout.STREAM_HOURS)]

    def close(self, now: datetime) -> list[Unit]:
        """Make units of the hours that are over, and clear their events away."""
        lateness = timedelta(minutes=self._config.stream.allowed_lateness_minutes)
        made = []
        for hour, keys in units.due(self._paths(layout.STREAM_EVENTS), lateness, now).items():
            name = units.name_of(keys)
            if not any((unit.hour, unit.name) == (hour, name) for unit in self._units):
                made.append(self._close(hour, name, keys))
            storage.delete(self._bucket, [f"{layout.STREAM_EVENTS.prefix}{key}" for key in keys])
        return made

    def _close(self, hour: str, name: str, keys: list[str]) -> Unit:
        events = [self._fetch(layout.STREAM_EVENTS, key) for key in keys]
        within = timedelta(hours=self._config.stream.duplicate_hours)
        known = [self._fetch_unit(unit) for unit in units.neighbours(self._units, hour, within, name)]
        path = self._scratch / f"{name}.parquet"
        unit = Unit(hour=hour, name=name, rows=tables.write_unit(events, known, path))
        uri = f"{layout.STREAM_HOURS.uri(self._bucket, hour)}{unit.file_name}"
        storage.upload_file(path, uri, PARQUET)
        for file in (path, *events):
            file.unlink(missing_ok=True)
        self._units.append(unit)
        return unit

    def upload(self) -> str:
        """The URI of a dataset's manifest, if it is time for one: else empty.

        The manifest comes last, and starts the pipeline; the record, by which the next run knows of it,
        behind it.
        """
        stream = self._config.stream
        chosen = units.window([unit for unit in self._units if unit.rows], stream.dataset_hours)
        before = [path.removesuffix(".json") for path in self._paths(layout.STREAM_DATASETS)]
        if not units.is_dataset_due(chosen, before, stream.train_every_hours, self._config.dataset.min_rows):
            return ""
        newest = chosen[-1].hour
        folder = f"s3://{self._settings.raw_bucket_name}/{layout.STREAM_FOLDER}{newest}/"
        parts = self._write_parts(chosen, f"{folder}{layout.UPLOAD_PARTS}/")
        manifest = self._scratch / layout.UPLOAD_MANIFEST
        manifest.write_text(json.dumps({"format_version": 1, "parts": parts}), encoding="utf-8")
        uri = f"{folder}{layout.UPLOAD_MANIFEST}"
        once.write_file(manifest, uri, "application/json")
        record = {
            "format_version": 1,
            "manifest_uri": uri,
            "units": [f"{u.hour}/{u.file_name}" for u in chosen],
        }
        storage.write_json(record, f"s3://{self._bucket}/{layout.STREAM_DATASETS.prefix}{newest}.json")
        return uri

    def _write_parts(self, chosen: list[Unit], folder: str) -> list[str]:
        """One part a day of event time."""
        by_day: dict[str, list[Unit]] = {}
        for unit in chosen:
            by_day.setdefault(hours.day_of(unit.hour), []).append(unit)
        for day, of_day in by_day.items():
            path = self._scratch / f"{day}.parquet"
            fetched = [self._fetch_unit(unit) for unit in of_day]
            tables.write_part(fetched, self._config.dataset, path)
            storage.upload_file(path, f"{folder}{day}.parquet", PARQUET)
            for file in (path, *fetched):
                file.unlink()
        return [f"{day}.parquet" for day in by_day]

    def _paths(self, room: layout.Room) -> list[str]:
        """The keys of a room, without its prefix."""
        return [item.key.removeprefix(room.prefix) for item in storage.objects(self._bucket, room.prefix)]

    def _fetch_unit(self, unit: Unit) -> Path:
        return self._fetch(layout.STREAM_HOURS, f"{unit.hour}/{unit.file_name}")

    def _fetch(self, room: layout.Room, path: str) -> Path:
        """On disk, once."""
        local = self._scratch / room.folder / path
        if not local.exists():
            storage.download_file(f"s3://{self._bucket}/{room.prefix}{path}", local)
        return local
