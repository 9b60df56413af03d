"""`pipeline.toml`, the one file that a user edits, as a checked value."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contracts import batch, feature_groups, scaling, sources
from contracts.batch import BatchScoring
from contracts.budget import UNBOUNDED, Budget
from contracts.dataset import DatasetContract
from contracts.deployment import DeploymentPolicy
from contracts.feature_groups import FeatureGroup
from contracts.features import FeatureRecipes
from contracts.front import CLOSED, Front
from contracts.monitoring import OFF, Monitoring
from contracts.network import Network
from contracts.reading import PipelineConfigError, Table
from contracts.scaling import FleetScaling
from contracts.sources import Source
from contracts.split import SCHEME, Split
from contracts.stream import DRY, Stream
from contracts.training import Gate, Training, check_class_weight, check_monotone

FILE_NAME = "pipeline.toml"
STAGES = ("dev", "prod")
# Names of buckets, roles and jobs derive from it, and SageMaker's are the tightest: 63 characters with a
# stage, a kind and a hash behind the pipeline's name.
NAME_PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """Everything that a user decides: dataset contract, features, training, gate, network, monitoring,
    front, batch, scaling, and deployment per stage."""

    name: str
    dataset: DatasetContract
    features: FeatureRecipes
    training: Training
    gate: Gate
    network: Network
    deployments: Mapping[str, DeploymentPolicy]
    document: Mapping[str, object] = field(repr=False, compare=False)
    monitoring: Monitoring = OFF
    front: Front = CLOSED
    stream: Stream = DRY
    feature_groups: tuple[FeatureGroup, ...] = ()
    sources: tuple[Source, ...] = ()
    budget: Budget = UNBOUNDED
    batch: BatchScoring = batch.NONE
    scaling: FleetScaling = scaling.FIXED

    @classmethod
    def load(cls, path: Path) -> PipelineConfig:
        """Read the file; raises PipelineConfigError with file, key and reason."""
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise PipelineConfigError(f"{path.name}: not found at {path.parent}") from error
        except UnicodeDecodeError as error:
            raise PipelineConfigError(f"{path.name}: is not UTF-8: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise PipelineConfigError(f"{path.name}: is not valid TOML: {error}") from error
        return cls.from_document(document, source=path.name)

    @classmethod
    def from_document(cls, document: Mapping[str, object], source: str = FILE_NAME) -> PipelineConfig:
        """The configuration out of its document, as `as_document` gave it or as TOML parsed it."""
        return cls.read(Table(document, source), document)

    @classmethod
    def read(cls, root: Table, document: Mapping[str, object]) -> PipelineConfig:
        """The configuration out of the document's outermost table."""
        head = root.table("pipeline")
        name = head.text("name")
        head.finish()
        if not NAME_PATTERN.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
            raise head.fail(
                "name",
                f"{name!r} must be lower-case words joined by hyphens, {MAX_NAME_LENGTH} characters at most",
            )
        if set(name.split("-")) & set(STAGES):
            # `a-dev` at stage prod would own names that start as those of `a` at stage dev do.
            raise head.fail("name", f"{name!r} must not have a stage, {' or '.join(STAGES)}, among its words")
        split = root.table("split", required=False)
        dataset = DatasetContract.read(root.table("dataset"), Split.read(split))
        dataset.split.check(split, dataset.columns, dataset.target)
        config = cls(
            name=name,
            dataset=dataset,
            features=FeatureRecipes.read(root.table("features", required=False), dataset),
            training=Training.read(root.table("training")),
            gate=Gate.read(root.table("gate", required=False), dataset),
            network=Network.read(root.table("network", required=False), STAGES),
            deployments=_read_deployments(root.table("deployment")),
            document=document,
            budget=Budget.read(root.table("budget", required=False)),
            monitoring=Monitoring.read(root.table("monitoring"), STAGES) if root.has("monitoring") else OFF,
            front=Front.read(root.table("front"), STAGES) if root.has("front") else CLOSED,
            stream=Stream.read(root.table("stream"), STAGES) if root.has("stream") else DRY,
            feature_groups=feature_groups.read_all(root, STAGES, dataset),
            sources=sources.read_all(root, STAGES),
            batch=BatchScoring.read(root.table("batch"), STAGES) if root.has("batch") else batch.NONE,
            scaling=FleetScaling.read(root.table("scaling"), STAGES)
            if root.has("scaling")
            else scaling.FIXED,
        )
        _refuse_unbuilt(root)
        root.finish()
        _check_front(root, config)
        _check_stream(root, config)
        _check_feature_groups(root, config)
        _check_sources(root, config)
        _check_batch(root, config)
        _check_scaling(root, config)
        check_monotone(root.table("training"), config.training, dataset, config.features.used_columns)
        check_class_weight(root.table("training"), config.training, dataset)
        return config

    def as_document(self) -> dict[str, object]:
        """JSON-compatible; `from_document` gives the same configuration back."""
        return json.loads(json.dumps(self.document))  # type: ignore[no-any-return]

    @property
    def contract_hash(self) -> str:
        """SHA-256 (hex) of dataset contract and split: what decides how an upload is read and divided."""
        decides = [self.document["dataset"], self.document.get("split", {}), SCHEME]
        text = json.dumps(decides, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _check_front(root: Table, config: PipelineConfig) -> None:
    """A VPC without a way out has no VPC endpoint for the endpoint's runtime, nor to an issuer of tokens."""
    for stage in config.front.stages:
        if config.network.has_vpc(stage):
            raise root.fail(
                "front.stages", f"{stage!r} runs in a VPC of its own, where there is no front yet"
            )


def _check_stream(root: Table, config: PipelineConfig) -> None:
    """What a dataset in parts can't be, and where a stream can't be read."""
    if config.stream.stages and config.dataset.split.by == "position":
        raise root.fail(
            "stream",
            "hours become a dataset in parts, whose rows have no places in one file, and [split] "
            'by = "position" goes by them: split by row, group or time',
        )
    for stage in config.stream.stages:
        if config.network.has_vpc(stage):
            raise root.fail(
                "stream.stages", f"{stage!r} runs in a VPC of its own, where there is no stream yet"
            )


def _check_sources(root: Table, config: PipelineConfig) -> None:
    """A VPC without a way out reaches no address, and no bucket but the pipeline's."""
    for source in config.sources:
        for stage in source.stages:
            if config.network.has_vpc(stage):
                raise root.fail(
                    "sources",
                    f"{source.name!r} is to be at {stage!r}: it runs in a VPC of its own without a way out",
                )


def _check_feature_groups(root: Table, config: PipelineConfig) -> None:
    """The stream alone writes them, and knows the event's time and id by keys of its own."""
    stream = config.stream
    for stage in STAGES:
        aggregated = [one for one in feature_groups.at(config.feature_groups, stage) if one.aggregates]
        if len({one.entity for one in aggregated}) > 1:
            raise root.fail(
                "feature_groups",
                f"{aggregated[0].name!r} and others with aggregates at {stage!r} differ in their entity, and "
                "the stream is in the order of one alone: its partition key",
            )
    for group in config.feature_groups:
        for stage in group.stages:
            if not stream.opens(stage):
                raise root.fail(
                    "feature_groups",
                    f"{group.name!r} is to be at {stage!r}, where no stream writes it: give [stream] the "
                    "stage, or take it out of the group's stages",
                )
        if group.entity in (stream.event_id, stream.event_time):
            raise root.fail(
                "feature_groups", f"{group.name!r}: entity {group.entity!r} is the event's id or time"
            )


# Tables that were thought of and are not built, each with the way on.
UNBUILT = {
    "experiment": (
        "no experiment runs on live traffic yet, only its statistics are here (scoring/experiments): compare "
        "versions by the gate's report and greenlight diff, and deploy by a canary"
    ),
    "routing": (
        "nothing routes callers to endpoints of other pipelines yet: let the caller choose the endpoint, one "
        "stack a model"
    ),
}


def _refuse_unbuilt(root: Table) -> None:
    """Whoever asks for it may not believe that it was deployed."""
    for key, way_on in UNBUILT.items():
        if root.has(key):
            raise root.fail(key, way_on)


def _check_batch(root: Table, config: PipelineConfig) -> None:
    """Its functions and its job have no way through a VPC's endpoints."""
    for stage in config.batch.stages:
        if config.network.has_vpc(stage):
            raise root.fail(
                "batch.stages",
                f"{stage!r} runs in a VPC of its own, where there is no batch yet: take the stage out of "
                "[batch], and ask the endpoint in pieces (greenlight predict)",
            )


def _check_scaling(root: Table, config: PipelineConfig) -> None:
    """A fleet starts within its bounds; a VPC without a way out has no endpoint for auto scaling."""
    for stage in config.scaling.stages:
        count, kind = config.deployments[stage].instance_count, config.deployments[stage].instance_type
        if kind.startswith("ml.t"):
            raise root.fail(
                f"deployment.{stage}.instance_type",
                f'SageMaker scales no burstable instances such as {kind} (Developer Guide, "Automatic '
                'scaling of SageMaker AI models"): take ml.m5.large, or the stage out of [scaling]',
            )
        if not config.scaling.min_instances <= count <= config.scaling.max_instances:
            raise root.fail(
                f"deployment.{stage}.instance_count",
                f"{count} is outside of the {config.scaling.min_instances} to "
                f"{config.scaling.max_instances} instances of [scaling]",
            )
        if config.network.has_vpc(stage):
            raise root.fail(
                "scaling.stages",
                f"{stage!r} runs in a VPC of its own, where nothing scales yet: take the stage out of "
                "[scaling] and set instance_count for the peak",
            )


def _read_deployments(table: Table) -> dict[str, DeploymentPolicy]:
    policies = {stage: DeploymentPolicy.read(table.table(stage), stage) for stage in STAGES}
    table.finish()
    return policies
