"""The three images, built for linux/amd64 from the repository with only what their Dockerfiles copy."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_iam as iam
from constructs import Construct

from contracts.estimators import custom_class
from infra_cdk.policy import allow

DOCKERFILES = {
    "training": "training_jobs/Dockerfile",
    "serving": "inference/Dockerfile",
    "lambdas": "lambdas/Dockerfile",
}
# What a Dockerfile builds for a user's own estimator: with onnxruntime, and with what that estimator imports.
CUSTOM_TARGET = "custom"
NEVER = ("**/__pycache__", "**/*.pyc", "**/.DS_Store")


def copied_by(dockerfile: Path) -> list[str]:
    """What the Dockerfile copies out of its context; a file outside it never changes the image's hash."""
    lines = [line.split() for line in dockerfile.read_text(encoding="utf-8").splitlines()]
    copies = [
        words[1:-1] for words in lines if words and words[0] == "COPY" and not words[1].startswith("--")
    ]
    return [source.rstrip("/") for sources in copies for source in sources]


class Images(Construct):
    """Each image is an asset, so its tag is the hash of its content."""

    def __init__(self, scope: Construct, construct_id: str, *, root: Path, estimator: str) -> None:
        super().__init__(scope, construct_id)
        self._root = root
        self._target = CUSTOM_TARGET if custom_class(estimator) else None
        self.training = self._image("training")
        self.serving = self._image("serving")
        self.lambdas = self._image("lambdas")

    def _image(self, name: str) -> assets.DockerImageAsset:
        kept = [f"!{source}" for source in copied_by(self._root / DOCKERFILES[name])]
        return assets.DockerImageAsset(
            self,
            name.capitalize(),
            directory=str(self._root),
            file=DOCKERFILES[name],
            target=self._target,
            platform=assets.Platform.LINUX_AMD64,
            exclude=["*", *kept, f"!{DOCKERFILES[name]}", *NEVER],
            ignore_mode=cdk.IgnoreMode.DOCKER,
        )

    def allow_pull(self, role: iam.Role, image: assets.DockerImageAsset) -> None:
        allow(
            role,
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            on=image.repository.repository_arn,
        )
        allow(
            role,
            "ecr:GetAuthorizationToken",
            on="*",
            because="The token is the whole registry's: the action names no resource.",
        )

    def allow_describing(self, role: iam.Role) -> None:
        """The digest behind a tag."""
        allow(role, "ecr:DescribeImages", on=self.repository_arns)

    @property
    def repository_arns(self) -> list[str]:
        """Where the images that a model package names lie."""
        return sorted({image.repository.repository_arn for image in (self.training, self.serving)})
