"""Which fields each state may and must have, by query language.

https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html and the page of each state.
"""

from __future__ import annotations

COMMON = frozenset({"Type", "Comment", "QueryLanguage"})
TRANSITION = frozenset({"Next", "End"})
ATTEMPTS = frozenset({"Retry", "Catch"})
PATHS = frozenset({"InputPath", "OutputPath"})
RESULTS = frozenset({"ResultPath", "ResultSelector", "Parameters"})

_TIMES = frozenset({"TimeoutSeconds", "HeartbeatSeconds"})
_MAP = frozenset(
    {
        "ItemProcessor",
        "Iterator",
        "ItemSelector",
        "ItemReader",
        "ItemBatcher",
        "ResultWriter",
        "MaxConcurrency",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
        "Label",
    }
)

JSONATA: dict[str, frozenset[str]] = {
    "Pass": TRANSITION | {"Output", "Assign"},
    "Task": TRANSITION | ATTEMPTS | _TIMES | {"Resource", "Arguments", "Output", "Assign", "Credentials"},
    "Choice": frozenset({"Choices", "Default", "Output", "Assign"}),
    "Wait": TRANSITION | {"Seconds", "Timestamp", "Output", "Assign"},
    "Succeed": frozenset({"Output"}),
    "Fail": frozenset({"Error", "Cause"}),
    "Parallel": TRANSITION | ATTEMPTS | {"Branches", "Arguments", "Output", "Assign"},
    "Map": TRANSITION | ATTEMPTS | _MAP | {"Items", "Output", "Assign"},
}

JSONPATH: dict[str, frozenset[str]] = {
    "Pass": TRANSITION | PATHS | {"ResultPath", "Parameters", "Result", "Assign"},
    "Task": TRANSITION
    | ATTEMPTS
    | PATHS
    | RESULTS
    | _TIMES
    | {"Resource", "TimeoutSecondsPath", "HeartbeatSecondsPath", "Credentials", "Assign"},
    "Choice": PATHS | {"Choices", "Default", "Assign"},
    "Wait": TRANSITION | PATHS | {"Seconds", "Timestamp", "SecondsPath", "TimestampPath", "Assign"},
    "Succeed": PATHS,
    "Fail": frozenset({"Error", "Cause", "ErrorPath", "CausePath"}),
    "Parallel": TRANSITION | ATTEMPTS | PATHS | RESULTS | {"Branches", "Assign"},
    "Map": TRANSITION
    | ATTEMPTS
    | PATHS
    | RESULTS
    | _MAP
    | {
        "ItemsPath",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
        "Assign",
    },
}

REQUIRED: dict[str, frozenset[str]] = {
    "Task": frozenset({"Resource"}),
    "Choice": frozenset({"Choices"}),
    "Parallel": frozenset({"Branches"}),
}

TERMINAL = frozenset({"Succeed", "Fail"})
WITHOUT_TRANSITION = TERMINAL | {"Choice"}
