"""A model that talks nonsense talks it everywhere: in its answers and in what it reports of them."""

import json

from localcloud.services.sagemaker.hosting.fleet.corruption import scrambled, scrambled_line


def test_an_answer_keeps_its_form():
    assert scrambled(b'{"predictions":[1.5,2]}') == b'{"predictions":[-2500.0,-3000]}'


def test_measures_in_a_log_line_are_wrong_and_counts_times_and_words_stay():
    line = json.dumps({"event": "predictions", "count": 5, "time": 1.5, "shift": 0.25, "ok": True})
    found = json.loads(scrambled_line(line))
    assert found == {"event": "predictions", "count": 5, "time": 1.5, "shift": -1250.0, "ok": True}


def test_a_line_that_is_no_json_object_stays():
    for line in ("loss 0.5", "[0.5]", "0.5", "{"):
        assert scrambled_line(line) == line
