import pytest

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.hosting.fleet.faults import NONE, Fault, Faults
from localcloud.services.sagemaker.store import Store


def test_a_rule_for_the_config_beats_one_for_the_model():
    faults = Faults(Store())
    faults.put({"model": "m", "fault": {"delay_ms": 5}})
    faults.put({"endpoint_config": "c", "fault": {"error_share": 0.1}})
    assert faults.of("c", "m") == Fault(error_share=0.1)
    assert faults.of("other", "m") == Fault(delay_ms=5)
    assert faults.of("other", "other") == NONE


def test_an_empty_fault_ends_a_rule_and_clear_ends_all():
    faults = Faults(Store())
    faults.put({"model": "m", "fault": {"no_ping": True}})
    faults.put({"model": "n", "fault": {"no_ping": True}})
    assert len(faults.put({"model": "m", "fault": {}})["faults"]) == 1
    assert faults.clear() == {"faults": []}


def test_a_rule_for_the_next_leaves_out_who_serves_already_and_is_beaten_by_any_other():
    faults = Faults(Store())
    faults.put({"next": True, "fault": {"error_share": 0.3}}, serving=["blue"])
    faults.put({"endpoint_config": "named", "fault": {"no_ping": True}}, serving=["blue"])
    assert faults.of("green", "m") == Fault(error_share=0.3)
    assert faults.of("blue", "m") == NONE
    assert faults.of("named", "m") == Fault(no_ping=True)
    faults.put({"next": True, "fault": {}})
    assert faults.of("green", "m") == NONE


@pytest.mark.parametrize(
    "document",
    [
        {"fault": {"no_ping": True}},
        {"model": "m", "fault": {"explode": 1}},
        {"model": "m", "fault": {"no_ping": 2}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(document):
    with pytest.raises(ValidationError):
        Faults(Store()).put(document)
