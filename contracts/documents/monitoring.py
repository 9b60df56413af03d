"""What the monitor's states ask and answer. Hours are texts such as 2026-11-28T14, in UTC."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.documents.document import Document, Request


@dataclass(frozen=True, kw_only=True)
class ReadWindowRequest(Request):
    """`now` is the time of this attempt; `execution_arn` tells this run from others that are under way."""

    now: str
    execution_arn: str


@dataclass(frozen=True, kw_only=True)
class Window(Document):
    """The closed hours from `first_hour` to `last_hour`, both included, that are judged together.

    `status` is `ready`, `busy` where another run is under way, or `nothing_serves`; then the rest is empty.
    Rows before `since` (ISO 8601), when the champion took over, are another model's. `broken_lines` could not
    be read as captures, `unreadable_requests` not as requests that were answered.
    """

    status: str
    reason: str
    first_hour: str = ""
    last_hour: str = ""
    since: str = ""
    champion_arn: str = ""
    baseline_uri: str = ""
    rows: int = 0
    broken_lines: int = 0
    unreadable_requests: int = 0


@dataclass(frozen=True, kw_only=True)
class JudgeDriftRequest(Request):
    """A window that is ready."""

    window: Window


@dataclass(frozen=True, kw_only=True)
class Drift(Document):
    """`status` is DRIFT, NO_DRIFT or INSUFFICIENT_DATA; `cause` of a drift is `training_serving_skew` where
    the model never saw anything else since it serves, else `drift_in_time`; `columns` are those that
    drifted."""

    status: str
    reason: str
    cause: str
    columns: tuple[str, ...]
    rows: int
    document_uri: str


@dataclass(frozen=True, kw_only=True)
class JudgeQualityRequest(Request):
    """A window that is ready; `now` says what has matured."""

    now: str
    window: Window


@dataclass(frozen=True, kw_only=True)
class Quality(Document):
    """`status` is DECAYED, AS_PROMISED or INSUFFICIENT_DATA; `value` with the ends of its interval, of
    `labelled_rows`, is held against `promised`; `is_estimate` where no labels told, but the model's own
    probabilities. `new_rows` are matured labelled rows that the champion's dataset lacks."""

    status: str
    reason: str
    metric: str
    labelled_rows: int
    new_rows: int
    document_uri: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    promised: float | None = None
    is_estimate: bool = False


@dataclass(frozen=True, kw_only=True)
class PublishMonitoringRequest(Request):
    """Both verdicts."""

    now: str
    window: Window
    drift: Drift
    quality: Quality


@dataclass(frozen=True, kw_only=True)
class Publication(Document):
    """Whether a retraining `is_due`, `cause` by what (drift, decay, schedule), and `reason` why or why not;
    `is_stopped` where a person has to decide. `stamp` names it, after the run's hour, or is that of one which
    a monitor began and did not finish."""

    is_due: bool
    is_stopped: bool
    cause: str
    reason: str
    stamp: str
    report_uri: str
    report_html_uri: str


@dataclass(frozen=True, kw_only=True)
class StartRetrainingRequest(Request):
    """A retraining that is due."""

    now: str
    window: Window
    publication: Publication


@dataclass(frozen=True, kw_only=True)
class RetrainingStart(Document):
    """The upload that the pipeline is started by: `base_rows` of the champion's dataset and `new_rows` that
    are labelled. `started` is False where this run's predecessor had started it already."""

    started: bool
    upload_uri: str
    base_rows: int
    new_rows: int


# What each state's function is asked, and under which key its answer goes.
STATES: dict[str, tuple[type[Request], str, type[Document]]] = {
    "ReadWindow": (ReadWindowRequest, "window", Window),
    "JudgeDrift": (JudgeDriftRequest, "drift", Drift),
    "JudgeQuality": (JudgeQualityRequest, "quality", Quality),
    "PublishMonitoring": (PublishMonitoringRequest, "publication", Publication),
    "StartRetraining": (StartRetrainingRequest, "retraining", RetrainingStart),
}
