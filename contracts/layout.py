"""Where everything lies in the two buckets and the table: as places for the code, as patterns for grants.

Nothing else spells a prefix, apart from the state machine, whose definition is held against this by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

UPLOAD_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")  # in any case
UPLOAD_MANIFEST = "manifest.json"  # comes last into the folder of a dataset in parts, and names them
UPLOAD_PARTS = "parts"  # the folder beside it in which they lie
MAX_UPLOAD_PARTS = 1_000


@dataclass(frozen=True)
class Room:
    """All objects of a bucket that begin with one prefix; most lie in folders named after what they are."""

    prefix: str

    @property
    def pattern(self) -> str:
        """Everything in it, for a grant."""
        return f"{self.prefix}*"

    @property
    def folder(self) -> str:
        """The prefix without its slash, as SageMaker and MLflow want it."""
        return self.prefix.rstrip("/")

    def within(self, name: str) -> str:
        """What goes by this name, or pattern, in any of its folders."""
        return f"{self.prefix}*/{name}"

    def uri(self, bucket: str, name: str) -> str:
        """A folder in it, with a slash at its end."""
        return f"s3://{bucket}/{self.prefix}{name}/"


UPLOADS = Room("incoming/")  # of the raw bucket; all others are of the artifact bucket
DATASETS = Room("datasets/")  # accepted ones, by version
REJECTED = Room("rejected/")  # the quarantine of those that were not
PARTS = Room("parts/")  # what the states that read a dataset in parts leave each other
TRAINING = Room("training/")  # what training jobs write, by job
EVALUATIONS = Room("evaluations/")  # reports, by job
MODELS = Room("models/")  # archives under their own hash, written once, and the only ones that are served
CAPTURES = Room("capture/")  # what the endpoint was asked and answered
TRAIL = Room("trail/")  # who uploaded what, by CloudTrail, in stages that want two people
RUNS = Room("mlflow/")  # MLflow's artifacts
BATCH_UPLOADS = Room("batch/")  # of the raw bucket: files to be answered
BATCHES = Room("batches/")  # of the artifact bucket: the same, answered, by the upload's hash
LABELS = Room("labels/")  # of the raw bucket: what came true, by inference id
# What the monitor makes, each by a state of its own.
WINDOWS = Room("monitoring/windows/")  # captured requests by the hour
BASELINES = Room("monitoring/baselines/")  # what a champion was trained on and answers, by training job
VERDICTS = Room("monitoring/verdicts/")  # by hour: drift, quality, report
RETRAININGS = Room("monitoring/retrainings/")  # one record each, and which labelled rows it took

# What came by the stream.
STREAM_EVENTS = Room("stream/events/")  # accepted records by the hour of their event time, until it is closed
STREAM_REFUSED = Room("stream/refused/")  # records that were not, with the reason, by the hour
STREAM_HOURS = Room("stream/hours/")  # closed hours, each record once
SOURCES = Room("sources/")  # of each source that is fetched, what was fetched last
FEATURES = Room("features/")  # the offline store of feature groups
STREAM_DATASETS = Room("stream/datasets/")  # one record for each dataset that was made of them

LEASE_KEY = "endpoint_name"  # the lease table's partition key
APPROVAL_KEY, EXPIRES_AT = "subject", "expires_at"  # the approval table's, and its time to live

# Of an accepted dataset.
TRAIN, HOLDOUT, QUARANTINE = "train/", "holdout/", "quarantine/"
TRAIN_FILE, HOLDOUT_FILE = f"{TRAIN}train.parquet", f"{HOLDOUT}holdout.parquet"
QUARANTINE_FILE = f"{QUARANTINE}quarantine.parquet"
CONTRACT, CONTRACT_FILE = "contract/", "contract.json"
PROFILE_FILE, MANIFEST_FILE = "profile.json", "manifest.json"
# Of a list of parts.
ITEMS_FILE = "items.json"
# Of a model.
ARCHIVE_FILE = "model.tar.gz"
# Of a source.
SEEN_FILE = "seen.json"
# Of an evaluation.
REPORT_JSON, REPORT_HTML, SKETCH_FILE = "report.json", "report.html", "trained_on.sketch"


@dataclass(frozen=True)
class DatasetPlace:
    """The files of an accepted dataset below its URI, which ends with a slash."""

    uri: str

    @property
    def train(self) -> str:
        return f"{self.uri}{TRAIN}"

    @property
    def holdout(self) -> str:
        return f"{self.uri}{HOLDOUT}"

    @property
    def quarantine(self) -> str:
        return f"{self.uri}{QUARANTINE}"

    @property
    def contract(self) -> str:
        """The folder: SageMaker gives a training job all that lies in it."""
        return f"{self.uri}{CONTRACT}"

    @property
    def contract_file(self) -> str:
        return f"{self.contract}{CONTRACT_FILE}"

    @property
    def profile(self) -> str:
        return f"{self.uri}{PROFILE_FILE}"

    @property
    def manifest(self) -> str:
        return f"{self.uri}{MANIFEST_FILE}"


def dataset(bucket: str, version: str) -> DatasetPlace:
    """An accepted dataset, or where one will be."""
    return DatasetPlace(DATASETS.uri(bucket, version))


# Of an hour's captures, of a baseline and of an hour's verdicts.
REQUESTS_FILE, HOUR_FILE = "requests.parquet", "hour.json"
BASELINE_ROWS_FILE, BASELINE_FILE, FIRST_WINDOW_FILE = "rows.parquet", "baseline.json", "first_window.parquet"
DRIFT_FILE, QUALITY_FILE, LABEL_QUARANTINE_FILE = "drift.json", "quality.json", "label_quarantine.parquet"
NEW_ROWS_FILE = "new_rows.parquet"  # matured labelled rows that the champion's dataset lacks
# Of the labels.
FRONT_LABELS_FOLDER = f"{LABELS.prefix}front/"  # those that came through the front, by the hour
# Of a retraining.
RETRAINING_FOLDER = f"{UPLOADS.prefix}retraining/"  # of the raw bucket: what the monitor uploads
STREAM_FOLDER = f"{UPLOADS.prefix}stream/"  # of the raw bucket: datasets made of closed hours
RECORD_FILE, TAKEN_FILE = "record.json", "taken.parquet"


@dataclass(frozen=True)
class BatchPlace:
    """The files of one batch below its URI, which ends with a slash."""

    uri: str

    @property
    def claim(self) -> str:
        """Which execution answers it."""
        return f"{self.uri}claim.json"

    @property
    def prepared(self) -> str:
        """What is known before the job starts."""
        return f"{self.uri}prepared.json"

    @property
    def manifest(self) -> str:
        return f"{self.uri}{MANIFEST_FILE}"

    @property
    def rejected(self) -> str:
        """Rows that the model can't answer, with reasons."""
        return f"{self.uri}rejected.csv"

    @property
    def output(self) -> str:
        """The folder of what the job writes."""
        return f"{self.uri}output/"

    def part(self, number: int) -> str:
        """A part of the job's input; parts sort by their numbers."""
        return f"{self.uri}input/part-{number:05d}.csv"


def batch(bucket: str, name: str) -> BatchPlace:
    """A batch, or where one will be."""
    return BatchPlace(BATCHES.uri(bucket, name))
