"""What runs before the stack goes: nothing that the state machine made may outlive it and cost money."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IDependable

from contracts.names import Names
from infra_cdk.data.encryption import Encryption
from infra_cdk.data.storage import Storage
from infra_cdk.functions.environment import Environment
from infra_cdk.functions.function import PipelineFunction, Size
from infra_cdk.network.vpc import PrivateNetwork
from infra_cdk.stages import Stage

SIZE = Size(memory_mib=512, timeout_seconds=900)


class Teardown(Construct):
    """A custom resource that is deleted before everything it depends on.

    Its Lambda stops executions, waits out a deployment, and deletes the endpoint, its configs and models, the
    model packages and the rollback alarms; a stage that keeps no data has its buckets emptied as well.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        stage: Stage,
        encryption: Encryption,
        network: PrivateNetwork | None,
        storage: Storage,
        zip_code: lambda_.Code,
        environment: Environment,
    ) -> None:
        super().__init__(scope, construct_id)
        buckets = [] if stage.retains_data else [storage.raw.bucket_name, storage.artifacts.bucket_name]
        self.teardown = PipelineFunction(
            self,
            "Teardown",
            names=names,
            stage=stage,
            encryption=encryption,
            network=network,
            code=zip_code,
            settings=environment.having(buckets_to_empty=",".join(buckets)).settings_of("Teardown"),
            size=SIZE,
        )
        self.resource = cdk.CfnResource(
            self,
            "Resource",
            type="Custom::Teardown",
            properties={"ServiceToken": self.teardown.arn, "ServiceTimeout": SIZE.timeout_seconds},
        )
        self.resource.node.add_dependency(self.teardown.role)

    def runs_before(self, *others: IDependable) -> None:
        """These are deleted only after the teardown has run."""
        self.resource.node.add_dependency(*others)

    def runs_after(self, *others: Construct) -> None:
        """These are created after the teardown resource, and gone when it runs: nothing new can start."""
        for other in others:
            other.node.add_dependency(self.resource)
