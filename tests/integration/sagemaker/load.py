"""A client at a constant rate in a process of its own: python -m ... ENDPOINT RATE SECONDS.

It says that it runs, retries nothing, and prints how often each answer came, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config


def main(endpoint: str, rate: float, seconds: float) -> None:
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=16)
    runtime = boto3.client("sagemaker-runtime", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config)
    answers: Counter[str] = Counter()
    lock = threading.Lock()

    def ask() -> None:
        try:
            answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1,2", ContentType="text/csv")
            kind = answer["Body"].read().decode()
        except Exception as problem:
            kind = f"{type(problem).__name__}: {problem}"
        with lock:
            answers[kind] += 1

    print("running", flush=True)
    start = time.monotonic()
    sent = 0
    with ThreadPoolExecutor(16) as pool:
        while (now := time.monotonic() - start) < seconds:
            while sent < now * rate:
                pool.submit(ask)
                sent += 1
            time.sleep(0.002)
    print(json.dumps({"sent": sent, "answers": answers}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
