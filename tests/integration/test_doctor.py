"""The preflight asks a running cloud, and says what it could not ask."""

import json
import os
import subprocess
import sys
from collections import defaultdict

from localcloud.host.launch import Running
from tests.integration.conftest import PROJECT


def examined(cloud: Running) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Its exit status, and its findings by what was looked at."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ended = subprocess.run(
        [sys.executable, "-m", "operations.doctor", "--json"],
        cwd=PROJECT,
        env={**own, **cloud.environment},
        capture_output=True,
        text=True,
    )
    assert ended.stdout, ended.stderr
    found = defaultdict(list)
    for finding in json.loads(ended.stdout):
        found[finding["check"]].append(finding)
    return ended.returncode, found


def test_an_empty_account_lacks_its_bootstrap_and_no_role_lacks_a_permission(bare_cloud: Running):
    status, found = examined(bare_cloud)
    assert status == 1
    levels = {check: {finding["level"] for finding in findings} for check, findings in found.items()}
    assert levels["identity"] == levels["stack"] == levels["names"] == levels["cost"] == {"green"}
    assert levels["deployer"] == {"green"}
    assert levels["bootstrap"] == {"red"}
    refused = [finding["says"] for finding in found["permissions"] if finding["level"] != "green"]
    assert refused == []
    assert len(found["permissions"]) > 15
    for check in ("endpoint quota", "training quota", "instance offers", "public access"):
        (finding,) = found[check]
        assert finding["level"] == "yellow"
        assert finding["says"].startswith("could not be asked: ")
