"""What serves is watched: the monitor's functions, its state machine and its schedule; nothing of it where a
stage is not watched."""

from __future__ import annotations

import json

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct, IDependable

from contracts.documents.monitoring import STATES
from contracts.monitoring import Monitoring
from infra_cdk.context import Context
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction, handler_of
from infra_cdk.models.images import Images
from infra_cdk.policy import allow, on_behalf_of
from infra_cdk.workflow import Workflow
from step_functions.loading import load

DEFINITION = "step_functions/monitoring.asl.yaml"
SIZE = FunctionSize(memory_mib=2048, timeout_seconds=900, scratch_mib=4096)
# A start that fails is tried again until the next is nearly due.
RETRIES, START_WITHIN_SECONDS = 10, 1800
# Filled in by Scheduler (User Guide, "Adding context attributes"): ISO 8601 in UTC.
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


class Monitor(Workflow):
    """`by_state` maps the states to their functions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        images: Images,
        settings: SettingsSource,
    ) -> None:
        super().__init__(scope, construct_id, context, name=context.names.monitor)
        self._names = context.names
        image = images.lambdas
        self.by_state = {
            state: PipelineFunction(
                self,
                state,
                context,
                code=lambda_.DockerImageCode.from_ecr(
                    image.repository, tag_or_digest=image.image_tag, cmd=[handler_of(state)]
                ),
                settings=settings.settings_of(state),
                size=SIZE,
            )
            for state in STATES
        }
        arns = {f"{state}Arn": function.arn for state, function in self.by_state.items()}
        self.define(load(context.root / DEFINITION), arns)
        allow(self.role, "lambda:InvokeFunction", on=list(arns.values()))
        self.schedule = self._schedule(context.config.monitoring)

    def _schedule(self, policy: Monitoring) -> scheduler.CfnSchedule:
        """EventBridge Scheduler starts the state machine, in its own role."""
        self.starter = starter = iam.Role(
            self,
            "ScheduleRole",
            description=f"The schedule {self._names.monitor}",
            assumed_by=on_behalf_of(self, "scheduler", "schedule-group/default"),
        )
        allow(starter, "states:StartExecution", on=self.state_machine.state_machine_arn)
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            name=self._names.monitor,
            description="The closed hours of what serves",
            schedule_expression=policy.schedule,
            schedule_expression_timezone=policy.time_zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.state_machine.state_machine_arn,
                role_arn=starter.role_arn,
                input=json.dumps({"scheduled_time": SCHEDULED_TIME}),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=RETRIES, maximum_event_age_in_seconds=START_WITHIN_SECONDS
                ),
            ),
        )
        schedule.node.add_dependency(starter)
        return schedule

    @property
    def needed_until_torn_down(self) -> list[IDependable]:
        """All but the schedule, which ends first."""
        return [*self.by_state.values(), self.role, self.starter, self.log_group, self.state_machine]

    @property
    def own_arns(self) -> list[str]:
        """The state machine and its executions."""
        return [
            self.named("stateMachine", self._names.monitor),
            self.executions,
        ]

    def role_of(self, state: str) -> iam.Role:
        return self.by_state[state].role

    def allow_listing_runs(self, role: iam.Role) -> None:
        allow(role, "states:ListExecutions", on=self.named("stateMachine", self._names.monitor))
