"""From captured requests to a retraining's upload: what is asked and comes true is watched, and acted
upon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.lambdas.evaluate_model import world
from tests.unit.lambdas.evaluate_model.conftest import BUCKET
from tests.unit.lambdas.monitoring.conftest import RAW, Monitor, at, noise, rows


def truth(asked, seed=1):
    """As `world.rows` makes the price."""
    south = np.array([region == "south" for region in asked["region"]])
    return 10 * np.array(asked["size"]) + np.array(asked["age"]) + 50 * south + noise(len(south), seed)


def test_traffic_like_the_training_data_is_quiet_and_trains_nothing(monitor: Monitor) -> None:
    asked = rows(600, 11)
    ids = monitor.capture(asked, at(1))
    monitor.label(ids, truth(asked))
    found = monitor.run(at(4))
    assert found["window"]["rows"] == 600
    assert found["drift"]["status"] == "NO_DRIFT"
    assert found["quality"]["status"] == "AS_PROMISED"
    assert found["quality"]["value"] == pytest.approx(5.0, rel=0.1)
    assert found["publication"]["is_due"] is False
    assert monitor.raw_keys("incoming/") == []


def test_few_rows_say_so_and_no_labels_say_so(monitor: Monitor) -> None:
    monitor.capture(rows(50, 12), at(1))
    found = monitor.run(at(4))
    assert found["drift"]["status"] == "INSUFFICIENT_DATA"
    assert "fewer than the 200" in found["drift"]["reason"]
    assert found["quality"]["status"] == "INSUFFICIENT_DATA"


def test_an_empty_window_says_so_too(monitor: Monitor) -> None:
    found = monitor.run(at(4))
    assert (found["window"]["rows"], found["drift"]["status"]) == (0, "INSUFFICIENT_DATA")


def test_a_region_that_is_missing_from_the_first_hour_on_is_skew_and_later_it_is_drift_in_time(
    monitor: Monitor,
) -> None:
    shifted = {**rows(600, 13), "region": ["north"] * 600}
    monitor.capture(shifted, at(1))
    first = monitor.run(at(3))
    assert first["drift"]["status"] == "DRIFT"
    assert "region" in first["drift"]["columns"]
    assert first["drift"]["cause"] == "training_serving_skew"
    monitor.capture({**rows(600, 14), "region": ["north"] * 600}, at(9))
    assert monitor.run(at(11))["drift"]["cause"] == "training_serving_skew"
    larger = rows(600, 15)
    monitor.capture(
        {**larger, "region": ["north"] * 600, "size": [2 * size for size in larger["size"]]}, at(16)
    )
    assert monitor.run(at(18))["drift"]["cause"] == "drift_in_time"


def test_what_drifts_after_a_quiet_start_is_drift_in_time(monitor: Monitor) -> None:
    monitor.capture(rows(600, 16), at(1))
    assert monitor.run(at(3))["drift"]["status"] == "NO_DRIFT"
    moved = rows(600, 17)
    monitor.capture({**moved, "size": [size + 3 for size in moved["size"]]}, at(9))
    found = monitor.run(at(11))["drift"]
    assert (found["status"], found["cause"]) == ("DRIFT", "drift_in_time")
    assert {"size", "greenlight_prediction"} <= set(found["columns"])


def test_a_world_that_changed_is_decay_and_uploads_the_old_rows_with_the_new_ones(monitor: Monitor) -> None:
    asked = rows(600, 18)
    ids = monitor.capture(asked, at(1))
    monitor.label(ids, truth(asked) + 40)
    found = monitor.run(at(4))
    assert found["quality"]["status"] == "DECAYED"
    assert found["quality"]["promised"] == 5.0
    assert found["quality"]["low"] > 30
    assert found["publication"]["cause"] == "decay"
    assert found["retraining"]["new_rows"] == 600
    upload = monitor.upload("incoming/retraining/2026-11-22T05.parquet")
    assert upload.num_rows == 10_600
    assert upload.column_names == ["size", "age", "region", "price"]
    assert upload.column("price").to_pylist()[-1] == pytest.approx(truth(asked)[-1] + 40)
    assert upload.column("size").to_pylist()[-600:] == pytest.approx(asked["size"])


def test_a_slice_alone_can_decay(monitor: Monitor) -> None:
    asked = rows(900, 19)
    ids = monitor.capture(asked, at(1))
    south = np.array([region == "south" for region in asked["region"]])
    monitor.policy = replace(monitor.policy, max_decay_share=1.0)
    monitor.label(ids, truth(asked) + 14 * south)
    found = monitor.run(at(4))["quality"]
    assert found["status"] == "DECAYED"
    assert "region = south" in found["reason"]
    assert "overall" not in found["reason"]


def test_predictions_that_have_not_matured_are_not_judged(monitor: Monitor) -> None:
    asked = rows(600, 20)
    monitor.policy = replace(monitor.policy, label_delay_hours=12)
    monitor.label(monitor.capture(asked, at(1)), truth(asked) + 40)
    assert monitor.run(at(4))["quality"]["status"] == "INSUFFICIENT_DATA"
    assert monitor.run(at(14))["quality"]["status"] == "DECAYED"


def test_the_page_shows_the_runs_and_escapes_what_the_data_brings(monitor: Monitor) -> None:
    asked = rows(600, 21)
    monitor.label(monitor.capture(asked, at(1)), truth(asked))
    monitor.run(at(3))
    found = monitor.run(at(4))
    text = monitor.pipeline.get(found["publication"]["report_html_uri"])["Body"].read().decode()
    assert "<b>west</b>" not in text
    assert "&lt;b&gt;west" in text
    for heading in ("by column and run", "Distributions then and now", "Quality over time", "Slices"):
        assert heading in text
    report = monitor.json(found["publication"]["report_uri"])
    assert report["heat"]["size"]["drifted"] is False


def test_a_run_over_the_same_hour_again_says_the_same_and_uploads_nothing_twice(monitor: Monitor) -> None:
    asked = rows(600, 22)
    monitor.label(monitor.capture(asked, at(1)), truth(asked) + 40)
    first = monitor.run(at(4))
    uploaded = monitor.upload("incoming/retraining/2026-11-22T05.parquet")
    again = monitor.run(at(4))
    for key in ("window", "drift", "quality"):
        assert again[key] == first[key]
    # The first is known by now, and holds back another.
    assert again["publication"]["is_due"] is False
    assert "less than 4 hours ago" in again["publication"]["reason"]
    assert monitor.raw_keys("incoming/") == ["incoming/retraining/2026-11-22T05.parquet"]
    assert monitor.upload("incoming/retraining/2026-11-22T05.parquet") == uploaded


def test_captures_that_come_late_are_read_by_the_next_run(monitor: Monitor) -> None:
    monitor.capture(rows(300, 23), at(1))
    assert monitor.run(at(3))["window"]["rows"] == 300
    monitor.capture(rows(200, 24), at(1) + (at(1.2) - at(1)))
    assert monitor.run(at(4))["window"]["rows"] == 500


def test_an_hour_that_no_run_came_to_is_caught_up(monitor: Monitor) -> None:
    for hour in range(5):
        monitor.capture(rows(60, 30 + hour), at(hour))
    assert monitor.run(at(5.5))["window"]["rows"] == 300


def test_an_event_that_capture_wrote_twice_counts_once_and_broken_lines_are_counted(monitor: Monitor) -> None:
    monitor.capture(rows(300, 25), at(1), extra=b'{"captureData": {}}\nnonsense\n')
    key = "capture/housing-dev/AllTraffic/2026/11/22/04/00-00-000-300.jsonl"
    body = monitor.pipeline.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    monitor.pipeline.put(key.replace("000-300", "000-again"), body)
    found = monitor.run(at(3))["window"]
    assert (found["rows"], found["broken_lines"]) == (300, 4)


def test_rows_before_the_champion_took_over_are_another_models(monitor: Monitor) -> None:
    monitor.capture({**rows(600, 26), "region": ["north"] * 600}, at(-1))
    monitor.capture(rows(300, 27), at(1))
    found = monitor.run(at(3))["drift"]
    assert (found["rows"], found["status"]) == (300, "NO_DRIFT")


def test_two_monitors_at_once_and_the_later_one_gives_way(monitor: Monitor) -> None:
    earlier = {"executionArn": "arn:earlier", "startDate": at(3.9)}
    monitor.states.running = [earlier]
    found = monitor.run(at(4))["window"]
    assert (found["status"], found["reason"]) == ("busy", "arn:earlier is under way")


def test_without_a_champion_there_is_nothing_to_watch(monitor: Monitor) -> None:
    monitor.pipeline.sagemaker.packages.clear()
    monitor.pipeline.sagemaker.endpoint = None
    assert monitor.run(at(4))["window"]["status"] == "nothing_serves"


def test_a_storm_of_drift_starts_one_retraining_and_stops_after_two_that_the_gate_rejected(
    monitor: Monitor,
) -> None:
    asked = rows(600, 28)
    monitor.retraining(cooldown_hours=1, max_per_week=10)
    monitor.policy = replace(monitor.policy, window_hours=3)
    monitor.label(monitor.capture(asked, at(1)), truth(asked) + 40)
    monitor.states.ends_with = {"status": "SUCCEEDED", "output": '{"outcome": "ChallengerRejected"}'}
    due = [monitor.run(at(hour))["publication"] for hour in (4, 4.2, 6, 8, 10)]
    assert [found["is_due"] for found in due] == [True, False, True, False, False]
    assert [found["is_stopped"] for found in due] == [False, False, False, True, True]
    assert "a person decides" in due[-1]["reason"]
    assert len(monitor.raw_keys("incoming/")) == 2


def test_a_monitor_that_died_before_its_upload_is_finished_by_the_next_with_the_same_rows(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rows(600, 29)
    monitor.label(monitor.capture(asked, at(1)), truth(asked) + 40)
    with monkeypatch.context() as patch:
        patch.setattr("lambdas.start_retraining.handler.write_upload", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            monitor.run(at(4))
    assert monitor.raw_keys("incoming/") == []
    late = rows(300, 31)
    monitor.label(monitor.capture(late, at(3)), truth(late) + 40, name="late.csv")
    found = monitor.run(at(6))
    assert found["publication"]["stamp"] == "2026-11-22T05"
    assert found["retraining"]["new_rows"] == 600
    assert monitor.raw_keys("incoming/") == ["incoming/retraining/2026-11-22T05.parquet"]


def test_no_labelled_row_is_lost_or_doubled_over_retrainings(monitor: Monitor) -> None:
    asked = rows(300, 33)
    monitor.retraining(cooldown_hours=0, every_days=1)
    monitor.label(monitor.capture(asked, at(1)), truth(asked) + 40)
    first = monitor.run(at(4))
    # The first retraining's dataset is accepted, and its model serves.
    key = first["retraining"]["upload_uri"].removeprefix(f"s3://{RAW}/")
    table = monitor.upload(key).to_pydict()
    dataset = monitor.pipeline.add_dataset(world.rows(200, seed=5), "v3", train=table)
    manifest = monitor.json(dataset["manifest_uri"])
    manifest["source"]["uri"] = first["retraining"]["upload_uri"]
    monitor.pipeline.put("datasets/v3/manifest.json", world.as_json(manifest))
    package = monitor.pipeline.sagemaker.packages[0]
    package["CustomerMetadataProperties"] |= {"dataset_uri": dataset["uri"], "training_job_name": "second"}
    monitor.pipeline.sagemaker.in_service("second")
    monitor.states.ends_with = {"status": "SUCCEEDED", "output": '{"outcome": "Promoted"}'}
    more = rows(250, 34)
    monitor.label(monitor.capture(more, at(5)), truth(more) + 90, name="more.csv")
    found = monitor.run(at(30))
    assert found["quality"]["new_rows"] == 250
    assert found["retraining"]["new_rows"] == 250
