import pytest

from localcloud.sagemaker.errors import ValidationError
from localcloud.sagemaker.hosting.faults import NONE, Fault, Faults
from localcloud.sagemaker.store import Store


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
