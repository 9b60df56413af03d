"""Lambda functions as real processes: AWS's own Python runtime client, the function's role, time and memory.

Replaces the two executors of ministack that run Python code: zip packages and images.
"""

from __future__ import annotations

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import lambda_svc
from localcloud.services.lambda_functions import payloads
from localcloud.services.lambda_functions.executor import Executor


def install(cloud: Cloud) -> None:
    """Run every Python function, zip or image, in environments of this cloud."""

    payloads.install()
    executor = Executor(cloud)
    lambda_svc.execute_function_dispatch = executor.execute
    lambda_svc.invalidate_worker = executor.invalidate
    cloud.on_shutdown(executor.stop)
