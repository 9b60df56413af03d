"""The metrics that the pipeline's functions emit, by the names that its alarms and dashboard read.

They go to the namespace `Names.metric_namespace` without dimensions, as embedded metric format on stdout
(CloudWatch User Guide, "Embedding metrics within logs").
"""

UPLOADS_STARTED = "UploadsStarted"
UPLOADS_IGNORED = "UploadsIgnored"  # of no known ending, unfinished, or a part of a dataset
UPLOADS_DUPLICATED = "UploadsDuplicated"
UPLOADS_REFUSED = "UploadsRefused"  # messages that end in the dead-letter queue

DATASETS_ACCEPTED = "DatasetsAccepted"
DATASETS_REJECTED = "DatasetsRejected"
ROWS_READ = "RowsRead"
ROWS_QUARANTINED = "RowsQuarantined"

CHALLENGERS_BETTER = "ChallengersBetter"
CHALLENGERS_REJECTED = "ChallengersRejected"
CHALLENGERS_NOT_COMPARABLE = "ChallengersNotComparable"
CHAMPIONS_COLLAPSED = "ChampionsCollapsed"
CHALLENGERS_SUPERSEDED = "ChallengersSuperseded"

DEPLOYMENTS_STARTED = "DeploymentsStarted"
DEPLOYMENTS_PROMOTED = "DeploymentsPromoted"
DEPLOYMENTS_ROLLED_BACK = "DeploymentsRolledBack"
DEPLOYMENTS_FAILED = "DeploymentsFailed"
UPLOADS_LOST = "UploadsLost"  # without an execution, long after they came
ENDPOINT_ASTRAY = "EndpointAstray"  # missing, or serving a package that was rejected by hand

BATCHES_PREDICTED = "BatchesPredicted"
BATCHES_REJECTED = "BatchesRejected"  # no row could be answered, or the file could not be read
BATCHES_FAILED = "BatchesFailed"

MONITORING_RUNS = "MonitoringRuns"
COLUMNS_DRIFTED = (
    "ColumnsDrifted"  # of a run whose window had rows enough, the predictions and all together too
)
QUALITY_DECAYED = "QualityDecayed"  # 1 where the interval lies beyond the promise, else 0
WINDOW_ROWS = "WindowRows"
CAPTURES_BROKEN = "CapturesBroken"  # lines of data capture that are none, and requests that nothing reads
LABELS_QUARANTINED = "LabelsQuarantined"
LABELLED_ROWS = "LabelledRows"
RETRAININGS_STARTED = "RetrainingsStarted"
RETRAININGS_STOPPED = "RetrainingsStopped"  # 1 where one is due, and a person has to decide first

RECORDS_ACCEPTED = "RecordsAccepted"  # of the stream; what comes again is counted again
RECORDS_REFUSED = "RecordsRefused"
FEATURES_WRITTEN = "FeaturesWritten"  # records of the online store
FEATURES_CUT = "FeaturesCut"  # entities with more events in a window than are kept
FEATURES_MISSING = "FeaturesMissing"  # of a request, entities without a record, or with one that is stale
FEATURE_AGE_SECONDS = "FeatureAgeSeconds"  # of the oldest record that a request was answered with
SOURCES_PULLED = "SourcesPulled"  # files that had changed
HOURS_CLOSED = "HoursClosed"  # late records make another one of the same hour
STREAM_DATASETS = "StreamDatasets"

# What the serving container prints about its answers, one JSON object a line, and what the metric filter on
# the endpoint's log group makes of it. The line names the endpoint config, so that a deployment's alarm can
# watch the green fleet alone: {"event": "predictions", "endpoint_config": NAME, "count": N, "shift": X}.
# `shift` is the distance of the answers' mean from the mean that the model was trained to give, in standard
# deviations of its training target.
PREDICTIONS_EVENT = "predictions"
PREDICTIONS_CONFIG_FIELD = "endpoint_config"
PREDICTIONS_SHIFT_FIELD = "shift"
PREDICTION_SHIFT = "PredictionShift"
CONFIG_DIMENSION = "EndpointConfigName"
# The variable of the container's environment that says which endpoint config it serves for.
CONFIG_VARIABLE = "ENDPOINT_CONFIG_NAME"
# The one that says which model it must find: the hash that was evaluated.
MODEL_HASH_VARIABLE = "EXPECTED_MODEL_HASH"

# SageMaker's own (SageMaker Developer Guide, "Metrics for monitoring Amazon SageMaker AI with CloudWatch").
ENDPOINT_NAMESPACE = "AWS/SageMaker"
FLEET_NAMESPACE = "/aws/sagemaker/Endpoints"
INVOCATIONS = "Invocations"
CLIENT_ERRORS = "Invocation4XXErrors"
SERVER_ERRORS = "Invocation5XXErrors"
MODEL_LATENCY = "ModelLatency"  # microseconds
OVERHEAD_LATENCY = "OverheadLatency"  # microseconds
CPU_UTILIZATION = "CPUUtilization"
MEMORY_UTILIZATION = "MemoryUtilization"
DISK_UTILIZATION = "DiskUtilization"
