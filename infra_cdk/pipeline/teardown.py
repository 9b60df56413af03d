"""What runs before the stack goes: nothing that the state machine made may outlive it and cost money."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct, IDependable

from infra_cdk.context import Context
from infra_cdk.data.storage import Storage
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction

SIZE = FunctionSize(memory_mib=512, timeout_seconds=900)
ROLE = "AWS::IAM::Role"


class Teardown(Construct):
    """A custom resource that is deleted before everything it depends on.

    Its Lambda stops executions, waits out a deployment, and deletes the endpoint, its configs and models, the
    model packages and the rollback alarms; a stage that keeps no data has its buckets emptied as well.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        storage: Storage,
        settings: SettingsSource,
    ) -> None:
        super().__init__(scope, construct_id)
        buckets = (
            [] if context.stage.retains_data else [storage.raw.bucket_name, storage.artifacts.bucket_name]
        )
        self.teardown = PipelineFunction(
            self,
            "Teardown",
            context,
            code=zip_code(context.root, ("Teardown",)),
            settings=settings.having(buckets_to_empty=",".join(buckets)).settings_of("Teardown"),
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
        """These are created after the teardown resource, and gone when it runs: nothing new can start.

        Their roles start nothing, and may be named by what has to be there until the teardown has run.
        """
        for other in others:
            for part in other.node.find_all():
                if isinstance(part, cdk.CfnResource) and part.cfn_resource_type != ROLE:
                    part.add_dependency(self.resource)
