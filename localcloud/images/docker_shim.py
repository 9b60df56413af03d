"""Stands in for `docker` where the CDK CLI publishes images: `CDK_DOCKER=localcloud/images/docker`.

It knows the few commands that the CLI runs. `build` and `tag` are remembered, `push` tells the embedded ECR
(AWS_ENDPOINT_URL, with the caller's own AWS credentials) of the build context. Nothing is built.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud.services.ecr.registry import SERVICE, TARGET

_NO_SUCH_IMAGE = 1
"""What `docker inspect` exits with, and what the CDK CLI takes for a reason to build."""


class ShimError(Exception):
    """The command cannot be done; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one docker command; its exit status."""
    asked = _parse(sys.argv[1:] if arguments is None else arguments)
    remembered = _Remembered()
    try:
        if asked.command == "build":
            remembered.put(asked.tag, _build(asked))
        elif asked.command == "tag":
            remembered.put(asked.target_tag, remembered.get(asked.source))
        elif asked.command == "push":
            print(_push(asked.image, remembered.get(asked.image)))
    except ShimError as error:
        print(f"docker shim: {error}", file=sys.stderr)
        return 1
    return _NO_SUCH_IMAGE if asked.command in ("inspect", "images") else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("docker shim of the embedded cloud")
    parser.add_argument("--config")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build")
    build.add_argument("--build-arg", action="append", default=[])
    build.add_argument("--tag", required=True)
    build.add_argument("--target")
    build.add_argument("--file", default="Dockerfile")
    build.add_argument("--platform")
    build.add_argument("--network")
    build.add_argument("--output")
    build.add_argument("--no-cache", action="store_true")
    build.add_argument("context")
    tag = commands.add_parser("tag")
    tag.add_argument("source")
    tag.add_argument("target_tag")
    push = commands.add_parser("push")
    push.add_argument("image")
    login = commands.add_parser("login")
    login.add_argument("--username")
    login.add_argument("--password-stdin", action="store_true")
    login.add_argument("registry")
    commands.add_parser("inspect").add_argument("image")
    images = commands.add_parser("images")
    images.add_argument("--format")
    images.add_argument("--filter")
    return parser.parse_args(arguments)


def _build(asked: argparse.Namespace) -> dict[str, Any]:
    return {
        "context": str(Path(asked.context).absolute()),
        "dockerfile": asked.file,
        "buildArgs": dict(argument.split("=", 1) for argument in asked.build_arg),
        "target": asked.target,
    }


class _Remembered:
    """What was built, by tag, between one command and the next."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.gettempdir()) / f"localcloud-docker-{os.getuid()}"
        self._directory.mkdir(mode=0o700, exist_ok=True)

    def put(self, tag: str, build: dict[str, Any]) -> None:
        draft = self._path(tag).with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(build))
        os.replace(draft, self._path(tag))

    def get(self, tag: str) -> dict[str, Any]:
        if not self._path(tag).exists():
            raise ShimError(f"{tag} was not built here")
        found: dict[str, Any] = json.loads(self._path(tag).read_text())
        return found

    def _path(self, tag: str) -> Path:
        return self._directory / (tag.replace("/", "_").replace(":", "_") + ".json")


def _push(image: str, build: dict[str, Any]) -> str:
    """Send the context to the embedded ECR; a line like docker's own."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        raise ShimError("AWS_ENDPOINT_URL is not set: export what `python -m localcloud up` prints")
    name, _, tag = image.partition("/")[2].rpartition(":")
    body = json.dumps({**build, "repositoryName": name, "imageTag": tag}).encode()
    request = urllib.request.Request(endpoint, body, _signed_headers(endpoint, body), method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the cloud's own gateway
            digest = json.load(answer)["imageDigest"]
    except urllib.error.HTTPError as error:
        raise ShimError(f"{image} was refused: {error.read().decode(errors='replace')}") from error
    except OSError as error:
        raise ShimError(f"{endpoint} cannot be reached: {error}") from error
    return f"{tag}: digest: {digest}"


def _signed_headers(endpoint: str, body: bytes) -> dict[str, str]:
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None:
        raise ShimError("no AWS credentials: export what `python -m localcloud up` prints")
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET}
    request = AWSRequest("POST", endpoint, headers, body)
    SigV4Auth(credentials.get_frozen_credentials(), SERVICE, session.region_name or "us-east-1").add_auth(
        request
    )
    return {name: str(value) for name, value in request.headers.items()}


if __name__ == "__main__":
    sys.exit(main())
