"""What mappings read of a stream: every shard's records that are not expired; nothing is changed by it."""

from localcloud.services.kinesis import resharding


def record(arrived: float) -> dict[str, float]:
    return {"ApproximateArrivalTimestamp": arrived}


def test_records_of_closed_shards_and_of_live_ones_are_read_in_order_and_expired_ones_are_not() -> None:
    stream = {
        resharding.CLOSED: {"one": [record(9.0), record(10.0)]},
        "shards": {"one": {"records": [record(11.0)]}, "two": {"records": [record(8.0)]}},
    }
    assert resharding.shards_of(stream, 10.0) == {"one": [record(10.0), record(11.0)], "two": []}


def test_a_record_that_is_added_while_the_stream_is_read_stays_in_it() -> None:
    records = [record(9.0), record(10.0)]
    stream = {"shards": {"one": {"records": records}}}
    resharding.shards_of(stream, 10.0)
    records.append(record(11.0))  # by a request that began before
    assert resharding.shards_of(stream, 10.0) == {"one": [record(10.0), record(11.0)]}
