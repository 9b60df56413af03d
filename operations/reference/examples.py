"""Two configurations that between them use every key, so that reading them meets every key."""

from __future__ import annotations

from typing import Any

_SIZES = {"strategy": "canary", "instance_count": 4}
REGRESSION: dict[str, Any] = {
    "pipeline": {"name": "every-key"},
    "dataset": {
        "target": "price",
        "task": "regression",
        "identifiers": ["house"],
        "weight": "counts",
        "reading": {"delimiter": ","},
        "columns": [
            {"name": "price", "type": "number", "min": 0.0, "max": 1e9, "unit": "$"},
            {"name": "house", "type": "text"},
            {"name": "counts", "type": "number", "min": 0.0},
            {"name": "rooms", "type": "number"},
            {"name": "area", "type": "number"},
            {"name": "x", "type": "number"},
            {"name": "y", "type": "number"},
            {"name": "sold", "type": "date"},
        ],
    },
    "split": {"by": "time", "time": "sold", "gap_days": 7},
    "features": {
        "ratios": [{"numerator": "x", "denominator": "y"}],
        "rotations": [{"x": "x", "y": "y", "degrees": 45.0}],
        "distances": [{"name": "centre", "x": "x", "y": "y", "to_x": 0.0, "to_y": 0.0}],
        "dates": [{"column": "sold"}],
    },
    "training": {
        "estimator": "hist_gradient_boosting",
        "monotone": {"area": "increasing"},
        "search": {"enabled": True, "space": [{"name": "max_iter", "low": 10, "high": 20}]},
    },
    "gate": {"first_model_bound": 80000.0},
    "network": {},
    "monitoring": {"stages": ["prod"], "retraining": {}},
    "batch": {},
    "scaling": {
        "schedules": [
            {"name": "morning", "schedule": "cron(0 7 * * ? *)", "min_instances": 4, "max_instances": 10}
        ]
    },
    "front": {
        "stages": ["prod"],
        "auth": "jwt",
        "issuer": "https://issuer.example",
        "audiences": ["callers"],
        "api_keys": ["mobile"],
        "web_acl_arn": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/front/0123abcd-0123",
    },
    "stream": {"source": "kinesis", "stages": ["prod"]},
    "sources": [
        {
            "name": "prices",
            "uri": "https://data.example/prices.csv",
            "stages": ["prod"],
            "secret_arn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:prices-abcdef",
        },
        {
            "name": "theirs",
            "uri": "s3://theirs/houses.csv",
            "stages": ["prod"],
            "kms_key_arn": "arn:aws:kms:us-east-1:111122223333:key/0123abcd-0123",
        },
    ],
    "feature_groups": [
        {"name": "houses", "entity": "house", "stages": ["prod"], "features": ["rooms"]},
    ],
    "budget": {"max_monthly_usd": 100.0},
    "deployment": {"dev": _SIZES, "prod": _SIZES},
}
CLASSIFICATION: dict[str, Any] = {
    "pipeline": {"name": "every-key"},
    "dataset": {
        "target": "kind",
        "task": "classification",
        "columns": [
            {"name": "kind", "type": "category", "categories": ["a", "b"]},
            {"name": "width", "type": "number"},
            {"name": "lot", "type": "text"},
        ],
    },
    "split": {"by": "group", "group": "lot"},
    "training": {"decision_metric": "f1_score"},
    "deployment": {"dev": _SIZES, "prod": {**_SIZES, "when_unproven": "reject"}},
}
