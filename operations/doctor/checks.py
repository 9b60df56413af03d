"""The preflight's questions, one function each. A question that can't be put is YELLOW, never silence."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from contracts.names import Names
from contracts.network import Network
from contracts.pipeline_config import PipelineConfig
from operations.cost import forecast
from operations.cost.prices import Prices
from operations.doctor.account import Account, CannotAskError
from operations.doctor.findings import Finding, green, red, yellow
from operations.doctor.simulation import simulated
from operations.doctor.template import Template

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = 6  # what the template's own rule asks for
FRESH_CONCURRENCY = 100
"""Fewer concurrent functions than this and several datasets in parts wait for each other."""
STUCK = ("ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED")


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What is to be deployed, and where."""

    config: PipelineConfig
    names: Names
    template: Template
    account: Account
    find_program: Callable[[str], str | None] = field(default=shutil.which)
    succeeds: Callable[[Sequence[str]], bool] = field(default=_succeeds)

    @property
    def stage(self) -> str:
        return self.names.stage

    @property
    def retains_data(self) -> bool:
        buckets = [r for r in self.template.resources.values() if r["Type"] == "AWS::S3::Bucket"]
        return any(bucket.get("DeletionPolicy") != "Delete" for bucket in buckets)


Check = Callable[[Examination], Iterator[Finding]]


def identity(seen: Examination) -> Iterator[Finding]:
    who = seen.account.identity
    yield green("identity", f"{who['Arn']} in {seen.account.region}")


def bootstrap(seen: Examination) -> Iterator[Finding]:
    version = seen.account.parameter(BOOTSTRAP_PARAMETER)
    if version.isdigit() and int(version) >= BOOTSTRAP_VERSION:
        yield green("bootstrap", f"version {version}")
    else:
        says = (
            f"version {version} is older than {BOOTSTRAP_VERSION}"
            if version
            else "the region has no bootstrap stack"
        )
        yield red("bootstrap", says, f"make bootstrap STAGE={seen.stage}")


def stack(seen: Examination) -> Iterator[Finding]:
    found = seen.account.stack(seen.names.prefix)
    if found is None:
        yield green("stack", f"{seen.names.prefix} is not deployed yet")
        return
    status, protected = found["StackStatus"], bool(found.get("EnableTerminationProtection"))
    if status in STUCK:
        yield red(
            "stack",
            f"{seen.names.prefix} is {status}",
            "see its events; continue-update-rollback or delete it",
        )
    elif status == "ROLLBACK_COMPLETE" and protected:
        yield red(
            "stack",
            f"{seen.names.prefix} failed at first and is protected, so it can't be replaced",
            "aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {seen.names.prefix}",
        )
    elif status.endswith("_IN_PROGRESS"):
        yield yellow("stack", f"{seen.names.prefix} is {status}", "wait until it is done")
    elif seen.retains_data and not protected and status != "ROLLBACK_COMPLETE":
        yield yellow(
            "stack",
            f"{seen.names.prefix} keeps data and is not protected",
            f"make deploy STAGE={seen.stage} protects it",
        )
    else:
        yield green("stack", f"{seen.names.prefix} is {status}")


def names(seen: Examination) -> Iterator[Finding]:
    """Before a first deployment nothing may have the names that the stack gives."""
    found = seen.account.stack(seen.names.prefix)
    if found is not None and found["StackStatus"] != "ROLLBACK_COMPLETE":
        yield green("names", "the stack has them")
        return
    taken = [
        f"{kind.rpartition('::')[2]} {name}"
        for kind in (
            "AWS::DynamoDB::Table",
            "AWS::KMS::Alias",
            "AWS::Lambda::Function",
            "AWS::S3::Bucket",
            "AWS::SNS::Topic",
            "AWS::SQS::Queue",
            "AWS::SageMaker::ModelPackageGroup",
            "AWS::StepFunctions::StateMachine",
        )
        for name in seen.template.names(kind)
        if seen.account.has(kind, name)
    ]
    taken += [
        f"LogGroup {n}" for n in seen.template.names("AWS::Logs::LogGroup") if seen.account.has_log_group(n)
    ]
    if taken:
        yield red(
            "names",
            f"taken already: {', '.join(taken)}",
            "retained by an earlier stack: cdk deploy --import-existing-resources; else delete or rename "
            "(`name` in pipeline.toml)",
        )
    else:
        yield green("names", "all are free")


def endpoint_quota(seen: Examination) -> Iterator[Finding]:
    """Blue and green run side by side while traffic shifts, so an update needs the fleet twice; a rolling one
    a batch beside it."""
    policy = seen.config.deployments[seen.stage]
    whole = policy.instance_count
    beside = policy.batch_of(whole) if policy.strategy == "rolling" else whole
    kind, need = policy.instance_type, whole + beside
    quota = _quota(seen, f"{kind} for endpoint usage")
    used = seen.account.instances_running().get(kind, 0) - _own(seen, kind)
    free = quota - used
    says = f"{kind}: {need} needed with blue and green, {free:g} of {quota:g} free"
    if free >= need:
        yield green("endpoint instances", says)
    else:
        yield red(
            "endpoint instances", says, f"ask Service Quotas for {need + used} of '{kind} for endpoint usage'"
        )


def training_quota(seen: Examination) -> Iterator[Finding]:
    kind = seen.config.training.instance_type
    quota = _quota(seen, f"{kind} for training job usage")
    says = f"{kind}: 1 needed for each dataset at a time, {quota:g} allowed"
    if quota >= 1:
        yield green("training instances", says)
    else:
        yield red("training instances", says, f"ask Service Quotas for '{kind} for training job usage'")


def concurrency(seen: Examination) -> Iterator[Finding]:
    allowed = seen.account.function_concurrency()
    if allowed >= FRESH_CONCURRENCY:
        yield green("functions at once", f"{allowed} allowed")
    else:
        yield yellow(
            "functions at once",
            f"{allowed} allowed, as in fresh accounts: several uploads at once wait for each other",
            "ask Service Quotas for more 'Concurrent executions' of Lambda",
        )


def instance_offers(seen: Examination) -> Iterator[Finding]:
    for kind in sorted(
        {seen.config.deployments[seen.stage].instance_type, seen.config.training.instance_type}
    ):
        zones = seen.account.zones_offering(kind.removeprefix("ml."))
        if zones:
            yield green("instance types", f"{kind} is offered in {', '.join(sorted(zones))}")
        else:
            yield red(
                "instance types",
                f"{kind} is not offered in {seen.account.region}",
                "choose another in pipeline.toml",
            )


def network(seen: Examination) -> Iterator[Finding]:
    """Where there is a VPC, its zones must have every service that is called from inside."""
    if not seen.config.network.has_vpc(seen.stage):
        yield green("network", "no VPC asked for")
        return
    zones = set(seen.config.network.zones or seen.account.zones()[: Network.ZONE_COUNT])
    for properties in seen.template.properties("AWS::EC2::VPCEndpoint"):
        if properties.get("VpcEndpointType") != "Interface":
            continue
        service = str(properties["ServiceName"])
        missing = zones - seen.account.zones_of_service(service)
        if missing:
            yield red(
                "network",
                f"{service} is not offered in {', '.join(sorted(missing))}",
                "[network] zones = [...] in pipeline.toml, two that have every service",
            )
        else:
            yield green("network", f"{service} is offered in {', '.join(sorted(zones))}")


def public_access(seen: Examination) -> Iterator[Finding]:
    if seen.account.public_access_blocked():
        yield green("public access", "S3 blocks it for the whole account")
    else:
        yield yellow(
            "public access",
            "S3 blocks it for the pipeline's buckets, and not for the account as a whole",
            "aws s3control put-public-access-block, if nothing in the account is meant to be public",
        )


def containers(seen: Examination) -> Iterator[Finding]:
    """`cdk deploy` builds three images."""
    program = next((name for name in ("docker", "podman") if seen.find_program(name)), None)
    if program is None:
        yield red(
            "containers",
            "neither docker nor podman is installed",
            "install one; with podman, export CDK_DOCKER=podman",
        )
    elif not seen.succeeds([program, "info"]):
        yield red("containers", f"{program} does not answer", f"start it: {program} info says what is wrong")
    else:
        yield green("containers", f"{program} answers")


def mlflow(seen: Examination) -> Iterator[Finding]:
    """A client newer than its server may call what the server lacks."""
    from importlib.metadata import version

    ours = version("mlflow")
    theirs = seen.account.mlflow_version(seen.names.mlflow_app)
    if not theirs:
        yield yellow(
            "mlflow",
            f"the app is not there yet; the client is {ours}",
            "look again once it is deployed: AWS documents no list of versions",
        )
    elif _major_minor(theirs) >= _major_minor(ours):
        yield green("mlflow", f"the app is {theirs}, the client {ours}")
    else:
        yield yellow(
            "mlflow",
            f"the app is {theirs}, older than the client, {ours}",
            "if a training job fails at MLflow, pin the app's version in training_jobs/requirements.in",
        )


def cost(seen: Examination) -> Iterator[Finding]:
    document = {"Resources": seen.template.resources}
    lines = forecast.forecast(document, seen.config, seen.stage, Prices.load())
    yield green("cost", f"{forecast.summary(lines)} (greenlight cost)")


def deployer(seen: Examination) -> Iterator[Finding]:
    """The CDK CLI works through the bootstrap's roles: whoever deploys may assume them."""
    denied = seen.account.denied_to_caller(["sts:AssumeRole", "cloudformation:DescribeStacks"])
    for decision in denied:
        by = "your policies don't allow" if decision.by_organization else "your organisation forbids"
        yield red("deployer", f"{by} {decision.action}", "ask whoever administers the account")
    if not denied:
        yield green("deployer", "may assume the bootstrap's roles")


def permissions(seen: Examination) -> Iterator[Finding]:
    """Each role's policies, as IAM itself reads them, with what the organisation forbids."""
    for role, statements in seen.template.policies().items():
        refused: set[str] = set()
        forbidden: set[str] = set()
        for statement in statements:
            for decision in simulated(seen.account, statements, statement):
                (refused if decision.by_organization else forbidden).update(
                    () if decision.allowed else (decision.action,)
                )
        if forbidden:
            yield red(
                "permissions",
                f"{role}: the organisation forbids {', '.join(sorted(forbidden))}",
                "ask whoever keeps the service control policies",
            )
        elif refused:
            yield yellow(
                "permissions",
                f"{role}: IAM's simulation refuses {', '.join(sorted(refused))}",
                "docs/security.md lists what each role needs",
            )
        else:
            yield green("permissions", f"{role} may do all that it needs")


CHECKS: tuple[Check, ...] = (
    bootstrap,
    stack,
    names,
    endpoint_quota,
    training_quota,
    concurrency,
    instance_offers,
    network,
    public_access,
    containers,
    mlflow,
    cost,
    deployer,
    permissions,
)


def examine(seen: Examination) -> Iterator[Finding]:
    """Every finding, in order; without an identity nothing else is asked."""
    try:
        yield from identity(seen)
    except CannotAskError as error:
        yield red(
            "identity",
            f"no valid credentials: {error}",
            "aws sso login, or export AWS_PROFILE and AWS_REGION",
        )
        return
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            yield from check(seen)
        except CannotAskError as error:
            yield yellow(
                name, f"could not be asked: {error}", "ask for the right to read it, or look by hand"
            )


def _quota(seen: Examination, name: str) -> float:
    """A quota that an account does not list is one that it does not have."""
    return seen.account.quotas("sagemaker").get(name, 0.0)


def _own(seen: Examination, kind: str) -> int:
    """The serving fleet is the blue one of the next update."""
    policy = seen.config.deployments[seen.stage]
    return (
        policy.instance_count
        if kind == policy.instance_type and seen.account.has_endpoint(seen.names.endpoint)
        else 0
    )


def _major_minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
