"""Templates that AWS refuses are refused, and each is read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.deploy import template_rules
from localcloud.deploy.template_rules import TemplateRules

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"ZipFile": "pass"},
        "Role": "arn:aws:iam::111122223333:role/r",
        "Handler": "index.handler",
        "Runtime": "python3.12",
    },
}


def template(**properties: Any) -> dict[str, Any]:
    function = {**FUNCTION, "Properties": {**FUNCTION["Properties"], **properties}}  # type: ignore[dict-item]
    return {"Resources": {"Function": function}}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> TemplateRules:
    return TemplateRules(
        tmp_path_factory.mktemp("cache"), lambda text: template_rules._lint(text, "us-east-1")
    )


def test_a_sound_template_passes(rules):
    rules.check(template())


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"Bananas": 1}, "Function/Properties/Bananas: Additional properties are not allowed"),
        ({"MemorySize": 100}, "100 is less than the minimum of 128"),
        ({"Timeout": 901}, "901 is greater than the maximum of 900"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "'AWS_REGION' is a reserved variable name"),
    ],
)
def test_what_aws_refuses_is_refused_with_its_place_and_the_reason(rules, properties, words):
    with pytest.raises(ValueError, match="Template validation failed") as refused:
        rules.check(template(**properties))
    assert words in str(refused.value)


def test_a_template_is_read_once_and_another_again(tmp_path: Path):
    read: list[str] = []

    def lint(text: str) -> list[str]:
        read.append(text)
        return ["Function: wrong (E1)"]

    for count in (1, 1, 2):
        with pytest.raises(ValueError, match="wrong"):
            TemplateRules(tmp_path, lint).check(template(Timeout=count))
    assert len(read) == 2


def test_a_home_that_cannot_be_written_to_is_no_obstacle(tmp_path: Path):
    (tmp_path / "file").write_text("")
    TemplateRules(tmp_path / "file" / "cache", lambda _: []).check(template())


def test_what_was_kept_and_is_damaged_is_read_again(tmp_path: Path):
    rules = TemplateRules(tmp_path, lambda _: [])
    rules.check(template())
    (kept,) = tmp_path.glob("*.json")
    kept.write_text("{")
    rules.check(template())


def test_many_errors_are_counted(tmp_path: Path):
    many = [f"error {number}" for number in range(12)]
    with pytest.raises(ValueError, match="error 9; and 2 more"):
        TemplateRules(tmp_path, lambda _: many).check(template())
