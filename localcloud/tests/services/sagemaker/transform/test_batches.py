import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.sagemaker.transform.batches import PayloadError, of_lines, of_whole

LINES = st.lists(st.binary(max_size=8).filter(lambda line: b"\n" not in line), max_size=30)


@given(lines=LINES, limit=st.integers(9, 40), single=st.booleans())
def test_every_line_is_sent_once_in_order_and_within_the_limit(tmp_path_factory, lines, limit, single):
    path = tmp_path_factory.mktemp("batches") / "input"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    found = list(of_lines(path, limit_bytes=limit, single=single))
    assert [line for batch in found for line in batch] == lines
    assert all(sum(len(line) + 1 for line in batch) <= limit for batch in found if len(batch) > 1)
    assert not single or all(len(batch) == 1 for batch in found)


def test_a_payload_takes_as_many_lines_as_fit(tmp_path):
    path = tmp_path / "input"
    path.write_bytes(b"ab\ncd\nef")
    assert list(of_lines(path, limit_bytes=6, single=False)) == [[b"ab", b"cd"], [b"ef"]]


def test_a_record_larger_than_a_payload_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "input"
    path.write_bytes(b"ab\nabcdef\n")
    with pytest.raises(PayloadError, match="Record 2 has 6 bytes, more than MaxPayloadInMB"):
        list(of_lines(path, limit_bytes=5, single=False))
    with pytest.raises(PayloadError, match="The object has 10 bytes"):
        list(of_whole(path, limit_bytes=5))
    assert list(of_whole(path, limit_bytes=10)) == [[b"ab\nabcdef\n"]]
