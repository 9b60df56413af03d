"""The act of the stream, whole: events, frozen hours, a champion, a front that answers and takes labels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts import layout
from localcloud.commands.housing import generate
from localcloud.host.launch import launch
from operations.rehearsal import changed_project, stream_act
from operations.rehearsal.acts import Run
from operations.rehearsal.display import Display
from operations.rehearsal.issuer import AUDIENCE, Issuer
from operations.rehearsal.stream_act import ASKED, Told
from operations.rehearsal.streamed import halves, opened, read_opened

SPEED = 30.0
ROWS = 3000
# `make test` has each of its parts: tests/integration/streams and tests/integration/front.
pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return []


@pytest.fixture(scope="module")
def told(runs: list[Run]) -> Iterator[Told]:
    """What was seen, with one event that breaks the contract among the others."""
    shipped = (changed_project.ROOT / "pipeline.toml").read_text(encoding="utf-8")
    with Issuer() as issuer:
        text = opened(shipped, issuer.address, AUDIENCE)
        config = read_opened(text)
        parts = halves(generate(ROWS), config.dataset, ASKED)
        parts.events[7]["ocean_proximity"] = "ON THE MOON"
        with changed_project.assembly(text) as out, launch(assembly=out, speed=SPEED) as cloud:
            yield stream_act.tell(cloud, config, parts, issuer, Display(), runs)


def test_each_event_is_accepted_or_refused_and_frozen_once(told: Told):
    assert (told.sent, told.accepted, told.refused) == (ROWS // 2, ROWS // 2 - 1, 1)
    assert told.closed_rows == told.accepted
    assert told.closed_hours


def test_the_frozen_hours_train_a_champion(told: Told, runs: list[Run]):
    assert told.execution is not None
    assert told.execution.outcome == "Promoted"
    assert told.execution.output["key"].startswith(layout.STREAM_FOLDER)
    (run,) = runs
    assert run.endpoint_config_after


def test_the_front_answers_the_other_half_near_what_came_true(told: Told):
    assert len(told.predictions) == ASKED
    errors = sorted(abs(float(one.answered) - float(one.actual)) for one in told.predictions)
    assert errors[ASKED // 2] < 80_000  # US dollars, of houses for about 200,000


def test_by_entity_id_the_answers_are_those_to_the_whole_rows(told: Told):
    assert told.asked_by_entity == told.answered_alike == ASKED
    assert told.status_of_unknown == 400


def test_labels_are_taken_from_their_own_token_alone(told: Told):
    assert told.status_without_token == 401
    assert told.status_without_scope == 403
    assert told.labels_accepted == ASKED
    assert len(told.label_files) == 1


def test_it_went_as_the_act_says(told: Told):
    stream_act.check(told)
