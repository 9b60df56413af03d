"""The synthesised template: what follows from it for whoever uploads, deploys, attacks or deletes."""

import infra_cdk  # noqa: F401 - before aws_cdk, which otherwise looks for a node of the machine's own
