"""What this platform cannot keep apart, told when the cloud starts."""

from __future__ import annotations

from localcloud.containers import container
from localcloud.deploy import template_rules


def missing() -> list[str]:
    """One sentence for each protection that this machine's kernel doesn't give."""
    found = []
    if not container.namespaces_allowed():
        found.append(
            "containers and functions see this machine's files, the home and any compiler included, and can "
            "write wherever you can (no user and mount namespaces)"
        )
    if not container.loopback_possible():
        found.append(
            "what a container listens on, this machine's network reaches (no seccomp user notification)"
        )
    if not container.isolation_possible():
        found.append("EnableNetworkIsolation keeps nothing from the network (no seccomp filter)")
    if not template_rules.available():
        found.append("templates with properties that AWS refuses are taken (cfn-lint is not installed)")
    return found
