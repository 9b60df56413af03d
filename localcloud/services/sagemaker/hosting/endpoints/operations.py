"""CreateEndpoint and its kin."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.hosting.deployment.alarms import Alarms
from localcloud.services.sagemaker.hosting.deployment.policy import Policy, read_policy
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.hosting.endpoints.records import EndpointRecords
from localcloud.services.sagemaker.hosting.endpoints.retained import with_retained
from localcloud.services.sagemaker.hosting.endpoints.work import Work
from localcloud.services.sagemaker.hosting.models import quotas
from localcloud.services.sagemaker.hosting.models.models import EndpointConfigs, Models
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.listing import Listing, pick
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Operation
from localcloud.services.sagemaker.store import Document

_SUMMARY = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")


class Endpoints:
    """The operations on endpoints. They run on the gateway's event loop, and so does the work they begin."""

    def __init__(
        self,
        records: EndpointRecords,
        names: Names,
        platform: Platform,
        models: Models,
        configs: EndpointConfigs,
        work: Work,
        alarms: Alarms,
        check_volume: Callable[[str | None, Caller], None] = lambda key, caller: None,
    ) -> None:
        """`check_volume` refuses a caller who may not have instances' disks encrypted with a key."""
        self._records = records
        self._names = names
        self._platform = platform
        self._models = models
        self._configs = configs
        self._work = work
        self._alarms = alarms
        self._check_volume = check_volume
        configs.in_use = records.user_of
        self.is_scaled: Callable[[str, str], bool] = lambda endpoint, variant: False
        """Whether a variant is a scalable target; Application Auto Scaling says so."""

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateEndpoint": self.create,
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.update_weights,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.list_all,
            "DeleteEndpoint": self.delete,
        }

    def serving(self, name: str) -> LiveEndpoint | None:
        """The endpoint for InvokeEndpoint."""
        return self._records.serving(name)

    def create(self, request: Document, caller: Caller) -> Document:
        name = request["EndpointName"]
        config = self._config_for("CreateEndpoint", request, caller)
        blueprint = self._blueprint(config)
        read_policy(request.get("DeploymentConfig"), *_instances(config))
        self._check_quotas(config)
        record = self._records.add(name, config["EndpointConfigName"], request.get("Tags"))
        live = self._work.live(name)
        self._work.begin(live, record, self._work.create(live, blueprint, record))
        return {"EndpointArn": record["EndpointArn"]}

    def update(self, request: Document, caller: Caller) -> Document:
        self._records.known(request["EndpointName"])
        config = self._config_for("UpdateEndpoint", request, caller)
        record = self._records.at_rest(request["EndpointName"])
        live = self._work.live(record["EndpointName"])
        config = with_retained(request, config, live)
        deployment = request.get("DeploymentConfig")
        if request.get("RetainDeploymentConfig"):
            deployment = record.get("LastDeploymentConfig")
        blueprint = self._blueprint(config)
        policy = read_policy(deployment, *_instances(config))
        _check_variants(live, config)
        _check_shadows(live, config, policy)
        self._check_scaled(live, config)
        self._check_alarms(policy, caller)
        self._check_quotas(config, at_once=_beside(live, policy))
        if deployment:
            record["LastDeploymentConfig"] = deployment
        record.pop("FailureReason", None)
        record["PendingEndpointConfigName"] = config["EndpointConfigName"]
        record["PendingStartTime"] = self._platform.clock.now()
        self._records.set_status(record, "Updating")
        self._work.begin(live, record, self._work.update(live, blueprint, record, policy))
        return {"EndpointArn": record["EndpointArn"]}

    def update_weights(self, request: Document, caller: Caller) -> Document:
        record = self._records.at_rest(request["EndpointName"])
        live = self._work.live(record["EndpointName"])
        fleet = live.current
        wanted = request["DesiredWeightsAndCapacities"]
        for item in wanted:
            if fleet is None or item["VariantName"] not in {found.name for found in fleet.every}:
                raise ValidationError(f'The endpoint has no variant "{item["VariantName"]}".')
        if fleet is not None:
            self._records.set_status(record, "Updating")
            self._work.begin(live, record, self._work.update_weights(fleet, wanted, record))
        return {"EndpointArn": record["EndpointArn"]}

    def describe(self, request: Document, caller: Caller) -> Document:
        return self._records.describe(self._records.known(request["EndpointName"]))

    def list_all(self, request: Document, caller: Caller) -> Document:
        listing = Listing(
            "Endpoints",
            lambda record: pick(record, _SUMMARY),
            name="EndpointName",
            sort_by={"CreationTime": "CreationTime", "Name": "EndpointName", "Status": "EndpointStatus"},
            equal={"StatusEquals": "EndpointStatus"},
        )
        return listing.page(self._records, request)

    def delete(self, request: Document, caller: Caller) -> Document:
        record = self._records.at_rest(request["EndpointName"])
        self._records.set_status(record, "Deleting")
        live = self._work.live(record["EndpointName"])
        self._work.begin(live, record, self._work.delete(live, record))
        return {}

    async def recover(self) -> None:
        """After a restart: endpoints serve again, and an update that was not done is rolled back."""
        await self._work.clean()
        for record in self._records:
            live = self._work.live(record["EndpointName"])
            blueprint = self._records.blueprints.get(record["EndpointName"])
            record.pop("PendingEndpointConfigName", None)
            if record["EndpointStatus"] == "Deleting":
                self._work.begin(live, record, self._work.delete(live, record))
            elif blueprint is None and record["EndpointStatus"] == "Failed":
                continue
            elif blueprint is None:
                self._records.fail(
                    record, "The embedded cloud was restarted before the endpoint was created."
                )
            else:
                record["EndpointConfigName"] = blueprint["config"]["EndpointConfigName"]
                self._records.set_status(record, "InService")
                self._work.begin(live, record, self._work.restore(live, blueprint, record))

    def shut_down(self) -> None:
        """End every container at once; may be called from any thread."""
        for live in list(self._records.live.values()):
            for fleet in (live.current, live.pending):
                if fleet is not None:
                    fleet.kill()

    def _config_for(self, operation: str, request: Document, caller: Caller) -> Document:
        """The config that a request names, which IAM checks besides the endpoint."""
        name = request["EndpointConfigName"]
        caller.authorize(f"sagemaker:{operation}", self._names.arn("endpoint-config", name))
        config = self._configs.known(name)
        self._check_volume(config.get("KmsKeyId"), caller)
        return config

    def _blueprint(self, config: Document) -> Document:
        """The config and its models as they are now."""
        models = {}
        for variant in [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]:
            name = variant["ModelName"]
            model = self._models.get(name)
            if model is None:
                raise ValidationError(f'Could not find model "{self._names.arn("model", name)}".')
            models[name] = model
        return {"config": config, "models": models}

    def _check_quotas(self, config: Document, *, at_once: int | None = None) -> None:
        quotas.check(self._platform.quotas, self._records.live.values(), config, at_once=at_once)

    def _check_scaled(self, live: LiveEndpoint, config: Document) -> None:
        """Developer guide, "Delete or update an endpoint that uses automatic scaling"."""
        there = live.current.variants if live.current is not None else {}
        wanted = {item["VariantName"]: item["InstanceType"] for item in config["ProductionVariants"]}
        held = [
            name
            for name, variant in there.items()
            if wanted.get(name) != variant.config["InstanceType"] and self.is_scaled(live.name, name)
        ]
        if held:
            raise ValidationError(
                f'The variant(s) "[{", ".join(held)}]" must be deregistered as scalable targets with AWS '
                "Auto Scaling before they can be removed or have their instance type updated."
            )

    def _check_alarms(self, policy: Policy, caller: Caller) -> None:
        """SageMaker reads the alarms in the name of whoever asks for the deployment."""
        place = f"arn:aws:cloudwatch:{self._platform.region}:{self._platform.account}:alarm"
        for name in policy.alarms:
            caller.authorize("cloudwatch:DescribeAlarms", f"{place}:{name}")
        self._alarms.require(policy.alarms)


def _check_variants(live: LiveEndpoint, config: Document) -> None:
    """Traffic moves from a variant to the one of the same name."""
    if live.current is None:
        return
    there, wanted = set(live.current.variants), {item["VariantName"] for item in config["ProductionVariants"]}
    if wanted.isdisjoint(there):
        raise ValidationError(
            f"The new endpoint configuration must keep the endpoint's variant names "
            f"({', '.join(sorted(there))}); it has {', '.join(sorted(wanted))}."
        )


def _check_shadows(live: LiveEndpoint, config: Document, policy: Policy) -> None:
    """Developer guide, "Use rolling deployments" ("Considerations": one variant). That a shadow is among
    what is excluded is a careful reading: nothing else describes batches of two variants."""
    has_shadow = bool(config.get("ShadowProductionVariants")) or (
        live.current is not None and live.current.shadow is not None
    )
    if policy.batches is not None and has_shadow:
        raise ValidationError("RollingUpdatePolicy is not supported for endpoints with shadow variants.")


def _beside(live: LiveEndpoint, policy: Policy) -> int | None:
    """How many instances a rolling deployment has beside the fleet that serves; None for another."""
    if policy.batches is None:
        return None
    there = sum(variant.count for variant in live.current.variants.values()) if live.current else 0
    return policy.batches.size + max(0, policy.batches.whole - there)


def _instances(config: Document) -> tuple[int, ...]:
    return tuple(variant["InitialInstanceCount"] for variant in config["ProductionVariants"])
