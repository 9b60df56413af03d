"""A ministack with this CloudWatch plugged in; boto3 speaks to it without a socket, on a clock at rest."""

import asyncio
import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from localcloud.host.clock import FakeClock
from localcloud.ministack_adapter import provisioners
from localcloud.ministack_adapter.seam import every_seam

ACCOUNT, REGION = "111122223333", "us-east-1"
# ministack reads these when it is imported.
os.environ.setdefault("MINISTACK_TEST_NO_AUTOSTART", "1")
os.environ.setdefault("IOT_MTLS_ENABLED", "0")


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_args: Any, **_more: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, *_args: Any) -> bytes:
        body, self._body = self._body, b""
        return body


async def _ask(app: Any, request: AWSPreparedRequest) -> AWSResponse:
    url = urlsplit(request.url)
    body: Any = request.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    scope = {
        "type": "http",
        "method": request.method,
        "path": url.path,
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "headers": [
            (key.lower().encode(), value if isinstance(value, bytes) else str(value).encode())
            for key, value in [*request.headers.items(), ("Host", url.netloc)]
        ],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }
    sent: list[dict[str, Any]] = []
    inbox = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return inbox.pop() if inbox else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    # What a call leaves running, a stack's deployment, is over before the answer is returned.
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    return AWSResponse(request.url, sent[0]["status"], HTTPHeaders.from_dict(headers), _Raw(answer))


@pytest.fixture
def clock() -> FakeClock:
    # 2027-01-15T08:00:00Z: a full minute, hour and multiple of five minutes.
    return FakeClock(1_800_000_000.0)


REGISTRIES = ("RESOURCE_HANDLERS", "STACK_TAG_PROPERTY")
"""What connecting the plug adds entries to."""
USED = ("cloudwatch_logs", "sns", "sqs", "eventbridge", "iam", "lambda_svc", "cloudformation")
"""The services whose state these tests leave behind."""


@pytest.fixture
def plug(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """CloudWatch connected to ministack but with neither timer nor sender thread running."""
    from ministack import app

    from localcloud.services.cloudwatch.plug import Plug

    for seam in every_seam():
        for symbol in seam.symbols():
            if symbol.is_replaced:
                monkeypatch.setattr(seam().module(), symbol.name, getattr(seam().module(), symbol.name))
    for name in REGISTRIES:
        monkeypatch.setattr(provisioners.module(), f"_{name}", dict(getattr(provisioners, name)))
    monkeypatch.setitem(app._loaded_modules, "cloudwatch", None)
    monkeypatch.setattr(app, "AUTH", False)
    plug = Plug(clock, ACCOUNT, REGION)
    plug.connect()
    yield plug
    plug.service.reset()
    for name in USED:
        importlib.import_module(f"ministack.services.{name}").reset()


@pytest.fixture
def client(plug: Any) -> Callable[..., Any]:
    """Makes boto3 clients that speak to the ministack of this process."""
    from ministack.app import app

    def make(service: str, key: str = ACCOUNT, **options: Any) -> Any:
        made = boto3.client(
            service,
            region_name=REGION,
            endpoint_url="http://127.0.0.1:4566",
            aws_access_key_id=key,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **options),
        )
        made.meta.events.register("before-send", lambda request, **_: asyncio.run(_ask(app, request)))
        return made

    return make


@pytest.fixture
def raw(plug: Any) -> Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]:
    """One signed-looking call to CloudWatch, for protocols that boto3 does not speak."""
    from ministack.app import app

    credential = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20270115/{REGION}/monitoring/aws4_request"

    def call(path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        signed = {**headers, "Authorization": f"{credential}, SignedHeaders=host, Signature=0"}
        request = AWSPreparedRequest(
            "POST", f"http://monitoring.localhost{path}", HTTPHeaders.from_dict(signed), body, False
        )
        answer = asyncio.run(_ask(app, request))
        return answer.status_code, dict(answer.headers), answer.content

    return call
