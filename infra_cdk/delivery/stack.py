"""GitHub's identity provider, and a role for each environment that may deploy its stage.

Trust (GitHub Docs, "Configuring OpenID Connect in Amazon Web Services"; IAM User Guide, "Available keys for
OIDC federation"): by the repository's number, which no other repository ever gets, by the environment, whose
reviewers GitHub asks first, and by the audience. `sub` is held, too, where it can be: repositories made after
mid-2026 have their numbers in it.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from contracts.names import PIPELINE_TAG, Names

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
# What the CDK bootstrap makes in an account and region (CDK Developer Guide, "Bootstrapping").
BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", "image-publishing-role", "lookup-role")
QUALIFIER = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
SESSION = cdk.Duration.hours(1)


class DeliveryStack(cdk.Stack):
    """`environments` are GitHub's, named after the stages that they deploy; `has_provider` where the account
    has GitHub's provider already, of which it can hold but one."""

    def __init__(
        self,
        scope: Construct,
        *,
        pipeline: str,
        repository_id: str,
        environments: tuple[str, ...],
        has_provider: bool = False,
    ) -> None:
        super().__init__(
            scope,
            f"{pipeline}-delivery",
            description=f"Greenlight: who may deploy {pipeline} from GitHub",
            tags={PIPELINE_TAG: pipeline},
        )
        self._repository_id = repository_id
        self._provider_arn = self.format_arn(
            service="iam", region="", resource="oidc-provider", resource_name=ISSUER
        )
        provider = None if has_provider else self._provider()
        for environment in environments:
            role = self._role(Names(pipeline, environment), environment)
            if provider:
                role.node.add_dependency(provider)
            cdk.CfnOutput(self, f"{environment.capitalize()}RoleArn", value=role.role_arn)

    def _provider(self) -> iam.CfnOIDCProvider:
        """Without thumbprints: IAM verifies GitHub by its own list of authorities."""
        return iam.CfnOIDCProvider(self, "GitHub", url=f"https://{ISSUER}", client_id_list=[AUDIENCE])

    def _role(self, names: Names, environment: str) -> iam.Role:
        claims = {
            "aud": AUDIENCE,
            "repository_id": self._repository_id,
            "environment": environment,
        }
        who = iam.FederatedPrincipal(
            self._provider_arn,
            {"StringEquals": {f"{ISSUER}:{name}": value for name, value in claims.items()}},
            "sts:AssumeRoleWithWebIdentity",
        )
        role = iam.Role(
            self,
            f"{environment.capitalize()}Role",
            role_name=f"{names.prefix}-delivery",
            assumed_by=who,
            description=f"GitHub's environment {environment} deploys {names.prefix}",
            max_session_duration=SESSION,
        )
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=self._bootstrap_roles()))
        role.add_to_policy(
            iam.PolicyStatement(
                # `make deploy` reads the stack and switches its termination protection on, and no more.
                actions=["cloudformation:DescribeStacks", "cloudformation:UpdateTerminationProtection"],
                resources=[
                    self.format_arn(
                        service="cloudformation", resource="stack", resource_name=f"{names.prefix}/*"
                    )
                ],
            )
        )
        return role

    def _bootstrap_roles(self) -> list[str]:
        return [
            self.format_arn(
                service="iam",
                region="",
                resource="role",
                resource_name=f"cdk-{QUALIFIER}-{name}-{self.account}-{self.region}",
            )
            for name in BOOTSTRAP_ROLES
        ]
