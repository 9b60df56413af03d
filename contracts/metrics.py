"""The metrics that the pipeline's functions emit, by the names that its alarms and dashboard read.

They go to the namespace `Names.metric_namespace` without dimensions, as embedded metric format on stdout
(CloudWatch User Guide, "Embedding metrics within logs").
"""

UPLOADS_STARTED = "UploadsStarted"
UPLOADS_IGNORED = "UploadsIgnored"  # outside incoming/, or of no known ending
UPLOADS_DUPLICATED = "UploadsDuplicated"
UPLOADS_REFUSED = "UploadsRefused"  # messages that end in the dead-letter queue

DATASETS_ACCEPTED = "DatasetsAccepted"
DATASETS_REJECTED = "DatasetsRejected"
ROWS_READ = "RowsRead"
ROWS_QUARANTINED = "RowsQuarantined"

CHALLENGERS_BETTER = "ChallengersBetter"
CHALLENGERS_REJECTED = "ChallengersRejected"
CHALLENGERS_SUPERSEDED = "ChallengersSuperseded"

DEPLOYMENTS_STARTED = "DeploymentsStarted"
DEPLOYMENTS_PROMOTED = "DeploymentsPromoted"
DEPLOYMENTS_ROLLED_BACK = "DeploymentsRolledBack"
DEPLOYMENTS_FAILED = "DeploymentsFailed"
