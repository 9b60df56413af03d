"""A dataset's way from the upload to the endpoint, as far as one run took it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from operations.reading.endpoint import Endpoint
from operations.reading.runs import Run


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that the run made or used; `state` is `done`, `refused`, `running` or `missing` (the run did
    not come so far); `facts` are figures and names, by their label."""

    kind: str
    name: str
    state: str
    facts: Mapping[str, str] = field(default_factory=dict)


def of_run(run: Run, endpoint: Endpoint) -> tuple[Step, ...]:
    """Upload, dataset, training job, evaluation, model, endpoint: always these six."""
    return (
        _upload(run),
        _dataset(run),
        _training(run),
        _evaluation(run),
        _model(run),
        _serving(run, endpoint),
    )


def _upload(run: Run) -> Step:
    if run.is_rollback:
        wish = run.part("rollback") or run.given["rollback"]
        return Step(
            kind="upload", name="none: a rollback", state="done", facts={"why": str(wish.get("reason", ""))}
        )
    facts = {"bucket": str(run.given.get("bucket", "")), "version": str(run.given.get("versionId", ""))}
    return Step(kind="upload", name=run.upload, state="done", facts=facts)


def _dataset(run: Run) -> Step:
    found = run.part("dataset")
    if not found:
        return _not_yet(run, "dataset")
    if not found.get("accepted"):
        return Step(
            kind="dataset",
            name=_short(found.get("version")),
            state="refused",
            facts={"why": str(found.get("message", ""))},
        )
    facts = {
        "rows": f"{found.get('rows', 0):,}",
        "to train on": f"{found.get('train_rows', 0):,}",
        "held out": f"{found.get('holdout_rows', 0):,}",
        "set aside": f"{found.get('quarantined_rows', 0):,}",
        "lies at": str(found.get("uri", "")),
    }
    return Step(kind="dataset", name=_short(found.get("version")), state="done", facts=facts)


def _training(run: Run) -> Step:
    found = run.part("training")
    if not found:
        return _not_yet(run, "training job")
    failed = run.part("error").get("name") == "TrainingFailedError"
    return Step(
        kind="training job",
        name=str(found.get("job_name", "")),
        state="refused" if failed else "done",
        facts={"model": str(found.get("model_data_uri", ""))},
    )


def _evaluation(run: Run) -> Step:
    found = run.part("evaluation")
    if not found:
        return _not_yet(run, "evaluation")
    metric = str(found.get("metric", ""))
    facts = {
        f"{role} {metric}": f"{figures[metric]:,.6g}"
        for role in ("challenger", "champion")
        if isinstance(figures := found.get(role), Mapping) and isinstance(figures.get(metric), int | float)
    }
    facts["verdict"] = str(run.verdict.get("reason", ""))
    return Step(
        kind="evaluation",
        name="better" if run.verdict.get("promote") else "not better",
        state="done" if run.verdict.get("promote") else "refused",
        facts=facts,
    )


def _model(run: Run) -> Step:
    found = run.part("registration")
    if not found:
        return _not_yet(run, "model")
    facts = {"hash": _short(found.get("model_hash")), "lies at": str(found.get("model_data_uri", ""))}
    rejected = run.part("rejection")
    return Step(
        kind="model",
        name=f"version {run.model_version}",
        state="refused" if rejected and not rejected.get("kept") else "done",
        facts=facts,
    )


def _serving(run: Run, endpoint: Endpoint) -> Step:
    deployment = run.part("deployment")
    if not deployment:
        return _not_yet(run, "endpoint")
    config = str(deployment.get("config_name", ""))
    facts = {"endpoint config": config, "how it went": str(run.part("deployment_status").get("reason", ""))}
    if endpoint.config_name == config:
        return Step(kind="endpoint", name="serves now", state="done", facts=facts)
    if run.part("promotion"):
        return Step(kind="endpoint", name="served, until another model took over", state="done", facts=facts)
    state = "running" if run.is_running else "refused"
    return Step(
        kind="endpoint",
        name="is taking over" if run.is_running else "did not take over",
        state=state,
        facts=facts,
    )


def _not_yet(run: Run, kind: str) -> Step:
    return Step(
        kind=kind,
        name="not yet" if run.is_running else "not reached",
        state="missing",
        facts={},
    )


def _short(value: object) -> str:
    return str(value or "")[:16]
