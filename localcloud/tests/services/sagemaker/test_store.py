from localcloud.services.sagemaker.store import Store


def test_a_record_outlives_the_store_that_saved_it(tmp_path):
    Store(tmp_path / "r.sqlite").table("model").save("m", {"Name": "m", "Size": 1.5})
    assert Store(tmp_path / "r.sqlite").table("model").get("m") == {"Name": "m", "Size": 1.5}


def test_records_come_in_the_order_in_which_they_were_made(tmp_path):
    table = Store(tmp_path / "r.sqlite").table("model")
    for name in "bac":
        table.save(name, {"Name": name})
    assert [record["Name"] for record in table] == ["b", "a", "c"]


def test_a_deleted_record_is_gone_and_deleting_it_again_is_no_error(tmp_path):
    table = Store(tmp_path / "r.sqlite").table("model")
    table.save("m", {})
    table.delete("m")
    table.delete("m")
    assert "m" not in table
    assert Store(tmp_path / "r.sqlite").table("model").get("m") is None


def test_a_cleared_store_is_empty_in_memory_and_on_disk(tmp_path):
    store = Store(tmp_path / "r.sqlite")
    table = store.table("model")
    table.save("m", {})
    store.clear()
    assert list(table) == []
    assert list(Store(tmp_path / "r.sqlite").table("model")) == []
