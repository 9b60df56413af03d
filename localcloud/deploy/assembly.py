"""Reads a cloud assembly: what `cdk synth` wrote into cdk.out, as far as a deployment needs it.

Schema: https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_cloud-assembly-schema-readme.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class AssemblyError(Exception):
    """The directory is not a cloud assembly, or holds what cannot be deployed here."""


@dataclass(frozen=True)
class FileAsset:
    """A file or directory to upload to a bucket; a directory goes as a zip."""

    source: Path
    packaging: str
    bucket: str
    key: str


@dataclass(frozen=True)
class ImageAsset:
    """A build context to push to a repository."""

    context: Path
    dockerfile: str
    build_args: Mapping[str, str]
    target: str | None
    repository: str
    tag: str


@dataclass(frozen=True)
class StackArtifact:
    """A stack of the assembly and the assets it needs."""

    name: str
    template: Path
    template_url: str
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    files: tuple[FileAsset, ...]
    images: tuple[ImageAsset, ...]


class Assembly:
    """A cdk.out directory, read for one account and region."""

    def __init__(self, directory: Path, account: str, region: str) -> None:
        manifest = directory / "manifest.json"
        if not manifest.is_file():
            raise AssemblyError(f"{directory} has no manifest.json: it is not what `cdk synth` writes")
        self._directory = directory
        self._values = {"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": "aws"}
        self._artifacts: dict[str, Any] = json.loads(manifest.read_text())["artifacts"]

    def stacks(self) -> list[StackArtifact]:
        """Every stack, dependencies first."""
        ordered: list[str] = []
        for name in self._artifacts:
            self._visit(name, ordered)
        return [
            self._stack(name)
            for name in ordered
            if self._artifacts[name]["type"] == "aws:cloudformation:stack"
        ]

    def _visit(self, name: str, ordered: list[str]) -> None:
        if name in ordered or name not in self._artifacts:
            return
        for dependency in self._artifacts[name].get("dependencies", []):
            self._visit(dependency, ordered)
        ordered.append(name)

    def _stack(self, name: str) -> StackArtifact:
        artifact = self._artifacts[name]
        properties = artifact["properties"]
        files, images = self._assets(artifact.get("dependencies", []))
        return StackArtifact(
            name=properties.get("stackName", name),
            template=self._directory / properties["templateFile"],
            template_url=self._template_url(properties),
            tags=properties.get("tags", {}),
            parameters=properties.get("parameters", {}),
            files=tuple(files),
            images=tuple(images),
        )

    def _template_url(self, properties: Mapping[str, Any]) -> str:
        url = self._fill(properties.get("stackTemplateAssetObjectUrl", ""))
        if not url.startswith("s3://"):
            raise AssemblyError(
                f"{properties['templateFile']} is not an asset: synthesise with the default synthesizer"
            )
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return f"https://s3.{self._values['AWS::Region']}.amazonaws.com/{bucket}/{key}"

    def _assets(self, dependencies: list[str]) -> tuple[list[FileAsset], list[ImageAsset]]:
        files: list[FileAsset] = []
        images: list[ImageAsset] = []
        for name in dependencies:
            artifact = self._artifacts[name]
            if artifact["type"] != "cdk:asset-manifest":
                continue
            manifest = json.loads((self._directory / artifact["properties"]["file"]).read_text())
            for asset in manifest.get("files", {}).values():
                files += [self._file(asset["source"], place) for place in asset["destinations"].values()]
            for asset in manifest.get("dockerImages", {}).values():
                images += [self._image(asset["source"], place) for place in asset["destinations"].values()]
        return files, images

    def _file(self, source: Mapping[str, Any], place: Mapping[str, str]) -> FileAsset:
        if "path" not in source:
            raise AssemblyError(f"a file asset made by an executable is not supported: {source}")
        return FileAsset(
            source=self._directory / source["path"],
            packaging=source.get("packaging", "file"),
            bucket=self._fill(place["bucketName"]),
            key=self._fill(place["objectKey"]),
        )

    def _image(self, source: Mapping[str, Any], place: Mapping[str, str]) -> ImageAsset:
        if "directory" not in source:
            raise AssemblyError(f"an image asset without a build context is not supported: {source}")
        return ImageAsset(
            context=self._directory / source["directory"],
            dockerfile=source.get("dockerFile", "Dockerfile"),
            build_args=source.get("dockerBuildArgs", {}),
            target=source.get("dockerBuildTarget"),
            repository=self._fill(place["repositoryName"]),
            tag=self._fill(place["imageTag"]),
        )

    def _fill(self, text: str) -> str:
        for name, value in self._values.items():
            text = text.replace(f"${{{name}}}", value)
        return text
