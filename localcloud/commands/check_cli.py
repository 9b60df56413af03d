"""`python -m localcloud check-cli [PROGRAM]`: would this AWS CLI reach the embedded cloud, for every service?

AWS CLI v2 takes AWS_ENDPOINT_URL from 2.13 on; v1 ignores it for some services, older ones for all, and then
a call meant for this machine goes to an account on AWS. Each service is called once with made-up keys, by an
endpoint on loopback that only listens, and a proxy on loopback that lets nothing through: what asks the proxy
would have left the machine.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from localcloud.commands.running import CommandError

CALLS = {
    "cloudformation": "cloudformation list-stacks",
    "cloudwatch": "cloudwatch list-dashboards",
    "lambda": "lambda list-functions",
    "logs": "logs describe-log-groups",
    "s3": "s3 ls",
    "sagemaker": "sagemaker list-endpoints",
    "sagemaker-runtime": "sagemaker-runtime invoke-endpoint --endpoint-name none --body x /dev/null",
    "sns": "sns list-topics",
    "sqs": "sqs list-queues",
    "stepfunctions": "stepfunctions list-state-machines",
    "sts": "sts get-caller-identity",
}
_TIME_LIMIT_SECONDS = 60
_SEVERAL = 4


def add_command(commands: Any) -> None:
    """The command of the command line."""
    parser = commands.add_parser(
        "check-cli", help="say whether an AWS CLI of yours takes AWS_ENDPOINT_URL for every service"
    )
    parser.add_argument("program", nargs="?", default="aws", help="default: %(default)s")


def run(program: str) -> str:
    """What to print; raises CommandError where a service's call would have left the machine."""
    with ThreadPoolExecutor(_SEVERAL) as pool:
        told = dict(zip(CALLS, pool.map(lambda call: _try(program, call), CALLS.values()), strict=True))
    astray = [f"  {service:<18} {where}" for service, where in told.items() if where]
    if astray:
        raise CommandError(
            f"{program} does not take AWS_ENDPOINT_URL for\n" + "\n".join(astray) + "\n"
            "Use `python -m localcloud aws ...` instead, or AWS CLI 2.13 or newer."
        )
    return f"{program} takes AWS_ENDPOINT_URL for {', '.join(CALLS)}"


def _try(program: str, call: str) -> str:
    """Where one call went astray; empty if it reached the endpoint."""
    with _listening() as (url, heard):
        try:
            done = subprocess.run(
                [program, *call.split()],
                env=_environment(url),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIME_LIMIT_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise CommandError(f"there is no program {program}") from error
        except subprocess.TimeoutExpired:
            return f"did not end within {_TIME_LIMIT_SECONDS} s"
    outside = [target for target in heard if not target.startswith("/")]
    if outside:
        return f"goes to {outside[0]}"
    return "" if heard else f"calls nothing: {done.stderr.strip()[-200:]}"


@contextmanager
def _listening() -> Iterator[tuple[str, list[str]]]:
    """An endpoint and proxy in one, and the targets of the requests that it refused.

    A request to an endpoint names a path; one to a proxy, a host (RFC 9112, section 3.2).
    """
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _refuse(self) -> None:
            heard.append(self.path)
            self.send_response(400)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_HEAD = do_CONNECT = _refuse  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", heard
        finally:
            server.shutdown()
            thread.join()


def _environment(url: str) -> Mapping[str, str]:
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), url)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        **proxies,
    }
