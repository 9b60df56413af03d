"""The model package group: every model that passed the gate, with its metrics and its approval."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra_cdk.context import Context
from infra_cdk.policy import allow


class Registry(Construct):
    """The group, and what may be done to it and to the packages in it."""

    def __init__(self, scope: Construct, construct_id: str, context: Context) -> None:
        super().__init__(scope, construct_id)
        self.group = sagemaker.CfnModelPackageGroup(
            self,
            "Group",
            model_package_group_name=context.names.model_package_group,
            model_package_group_description=f"Models of the pipeline {context.names.prefix}",
        )
        stack = cdk.Stack.of(self)
        self.group_arn = self.group.attr_model_package_group_arn
        self.package_arns = stack.format_arn(
            service="sagemaker",
            resource="model-package",
            resource_name=f"{context.names.model_package_group}/*",
        )

    @property
    def own_arns(self) -> list[str]:
        return [self.group_arn, self.package_arns]

    def allow(self, role: iam.Role, *actions: str) -> None:
        """On the group and its packages: SageMaker checks some actions against the one, some against both."""
        allow(
            role,
            *(f"sagemaker:{action}" for action in actions),
            on=self.own_arns,
            because="A package's number is given when it is registered.",
        )
