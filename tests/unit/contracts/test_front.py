"""`[front]` is closed unless it is asked for, and says of each mistake where it is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts.front import CLOSED, Front
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError, Table

ROOT = Path(__file__).parents[3]
SHIPPED = tomllib.loads((ROOT / "pipeline.toml").read_text(encoding="utf-8"))
JWT = {"auth": "jwt", "issuer": "https://id.example.com/pool", "audiences": ["shop"]}


def read(**values: Any) -> Front:
    return Front.read(Table(values, "pipeline.toml", "front"), ("dev", "prod"))


def test_a_file_without_the_table_opens_nothing():
    without = {key: value for key, value in SHIPPED.items() if key != "front"}
    config = PipelineConfig.from_document(without)
    assert config.front == CLOSED
    assert not any(config.front.opens(stage) for stage in ("dev", "prod"))


def test_an_empty_table_opens_every_stage_to_callers_that_sign():
    front = read()
    assert (front.stages, front.auth) == (("dev", "prod"), "iam")


def test_tokens_need_an_issuer_and_an_audience():
    front = read(**JWT)
    assert (front.issuer, front.audiences) == ("https://id.example.com/pool", ("shop",))
    assert read(**{**JWT, "issuer": "http://127.0.0.1:8000"}).issuer


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"auth": "none"}, "front.auth: 'none' is not one of iam, jwt"),
        ({"stages": ["test"]}, "front.stages: 'test' is not one of dev, prod"),
        ({"auth": "jwt"}, "front.issuer: is missing"),
        ({**JWT, "issuer": "http://id.example.com"}, "must be the issuer's https address"),
        ({**JWT, "issuer": "https://user@id.example.com"}, "must be the issuer's https address"),
        ({**JWT, "audiences": []}, "front.audiences: is empty"),
        ({**JWT, "labels_scope": "predict"}, "front.labels_scope: is that of predictions too"),
        ({**JWT, "predict_scope": "a b"}, "front.predict_scope: 'a b' is no scope"),
        ({"issuer": "https://id.example.com"}, "front.issuer: is not a known key here"),
        ({"max_rows": 0}, "front.max_rows: 0 is outside 1 to 100000"),
        ({"max_body_bytes": 10**7}, "front.max_body_bytes: 10000000 is outside"),
        ({"api_keys": ["Shop"]}, "front.api_keys: 'Shop' must be lower-case"),
        ({"api_keys": ["shop", "shop"]}, "front.api_keys: takes at most 100 different names"),
        ({"web_acl_arn": "arn:aws:wafv2:x"}, "is not the ARN of a regional web ACL"),
    ],
)
def test_a_mistake_is_named(values, reason):
    with pytest.raises(PipelineConfigError) as caught:
        read(**values)
    assert reason in str(caught.value)


def test_a_stage_in_a_vpc_has_no_front_and_says_so():
    document = {**SHIPPED, "network": {"vpc": True, "stages": ["prod"]}, "front": {}}
    with pytest.raises(PipelineConfigError, match=r"front\.stages: 'prod' runs in a VPC of its own"):
        PipelineConfig.from_document(document)
    document["front"] = {"stages": ["dev"]}
    assert PipelineConfig.from_document(document).front.opens("dev")


def test_it_comes_back_from_the_document_that_the_functions_read():
    config = PipelineConfig.from_document({**SHIPPED, "front": JWT})
    assert PipelineConfig.from_document(config.as_document()).front == config.front
