"""The cloud that runs in another terminal, by the variables that it printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

VARIABLES = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class CommandError(Exception):
    """A command could not do what it was asked; the message says what to do."""


def endpoint_url(environment: Mapping[str, str]) -> str:
    """Where the running cloud listens; raises CommandError without the variables, or off this machine."""
    lacking = [name for name in VARIABLES if not environment.get(name)]
    if lacking:
        raise CommandError(
            f"{', '.join(lacking)} is not set: paste the `export` lines of `python -m localcloud up` first"
        )
    url = environment["AWS_ENDPOINT_URL"]
    if urlsplit(url).hostname not in _LOOPBACK:
        raise CommandError(f"AWS_ENDPOINT_URL={url} is not a cloud on this machine; nothing was sent to it")
    return url


def client(environment: Mapping[str, str], service: str) -> Any:
    """A boto3 client of the running cloud that tries once and reads no file of the user's."""
    import boto3
    from botocore.config import Config

    url = endpoint_url(environment)
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment["AWS_REGION"],
    )
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=20, proxies={})
    return session.client(service, endpoint_url=url, config=config)
