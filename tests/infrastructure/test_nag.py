from __future__ import annotations

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_iam as iam

from infra_cdk.policy import UnreasonedWildcardError, allow
from infra_cdk.stages import STAGES


@pytest.mark.parametrize("network", ["config", "in_vpc"])
@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_cdk_nag_finds_nothing_but_what_is_acknowledged_with_a_reason(stage, build, network, request):
    """A finding makes `synth` raise; the report that it writes names it."""
    app = build(request.getfixturevalue(network), stage).node.root
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()


def test_a_wildcard_without_a_reason_is_refused():
    role = iam.Role(cdk.Stack(cdk.App(), "S"), "R", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    with pytest.raises(
        UnreasonedWildcardError, match=r"S/R: s3:GetObject on arn:aws:s3:::bucket/\*: say why"
    ):
        allow(role, "s3:GetObject", on="arn:aws:s3:::bucket/*")
