"""The command line's arguments."""

from pathlib import Path

import pytest

from localcloud.commands.cli import parse
from localcloud.host.options import Options


def options(arguments: list[str]) -> Options:
    """Of `up`, as the command makes them."""
    given = parse(arguments)
    assert given.pop("command") == "up"
    return Options(**given)


def test_without_arguments_stage_dev_is_deployed_on_the_usual_port():
    assert options(["up"]) == Options(port=4566, speed=30.0, stage="dev", deploy=True)


def test_every_option_is_taken():
    given = [
        "up",
        "--port",
        "0",
        "--state",
        "s",
        "--speed",
        "2.5",
        "--stage",
        "prod",
        "--assembly",
        "a",
        "--no-deploy",
        "--quota",
        "ml.m5.large=4",
        "--metric-delay",
        "AWS/SageMaker=120",
        "--ready-file",
        "r.json",
    ]
    assert options(given) == Options(
        port=0,
        state=Path("s"),
        speed=2.5,
        ready_file=Path("r.json"),
        stage="prod",
        assembly=Path("a"),
        deploy=False,
        quotas=(("ml.m5.large", 4),),
        metric_delays=(("AWS/SageMaker", 120.0),),
    )


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["--port", "70000"], "is not a port: a number from 0 to 65535"),
        (["--port", "-1"], "is not a port"),
        (["--speed", "0"], "is not a speed: a number above 0"),
        (["--speed", "nan"], "is not a speed"),
        (["--speed", "fast"], "is not a speed"),
        (["--quota", "ml.m5.large"], "is not a quota: write ml.m5.large=4"),
        (["--quota", "m5.large=4"], "is not a quota"),
        (["--metric-delay", "AWS/SageMaker"], "is not a delay of metrics: write AWS/SageMaker=120"),
        (["--metric-delay", "AWS/SageMaker=-1"], "is not a delay of metrics"),
        (["--metric-delay", "=5"], "is not a delay of metrics"),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(given: list[str], complaint: str, capsys):
    with pytest.raises(SystemExit):
        parse(["up", *given])
    assert complaint in capsys.readouterr().err
