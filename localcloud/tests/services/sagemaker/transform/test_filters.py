import pytest

from localcloud.services.sagemaker.errors import UnsupportedOperationError
from localcloud.services.sagemaker.transform.filters import (
    Filter,
    RecordError,
    filter_csv,
    filter_json,
    join_csv,
    join_json,
)


def chosen(expression):
    return Filter(expression, member="InputFilter")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$", b'7,"a, b",3'),
        ("$[1:]", b'"a, b",3'),
        ("$[:2]", b'7,"a, b"'),
        ("$[0,-1]", b"7,3"),
        ("$[2]", b"3"),
    ],
)
def test_a_filter_takes_fields_of_a_row_by_their_places(expression, expected):
    assert filter_csv(chosen(expression), [b'7,"a, b",3']) == [expected]


def test_rows_without_quotes_are_cut_as_rows_with_them_are():
    plain, quoted = [b"1,2,3", b"4,,6"], [b'1,2,"3"', b"4,,6"]
    assert filter_csv(chosen("$[1:]"), plain) == filter_csv(chosen("$[1:]"), quoted) == [b"2,3", b",6"]


def test_an_answer_is_joined_behind_its_row_and_the_joined_row_is_filtered():
    assert join_csv([b"1,x", b"2,y\r"], [b"0.5", b"0.7"], chosen("$")) == [b"1,x,0.5", b"2,y,0.7"]
    assert join_csv([b"1,x"], [b"0.5"], chosen("$[0,-1]")) == [b"1,0.5"]


def test_json_lines_are_joined_under_the_names_that_sagemaker_gives():
    assert join_json([b'{"id":1,"x":2}'], [b"3"], chosen("$['id','SageMakerOutput']")) == [
        b'{"id":1,"SageMakerOutput":3}'
    ]
    assert join_json([b"[1,2]"], [b"3"], chosen("$")) == [b'{"SageMakerInput":[1,2],"SageMakerOutput":3}']
    assert filter_json(chosen("$.features"), [b'{"id":1,"features":[2]}']) == [b"[2]"]


@pytest.mark.parametrize("expression", ["$..x", "$[?(@.x)]", "x", "$.*", "$[1:2:3]", ""])
def test_what_is_not_a_known_operator_is_refused_by_name(expression):
    with pytest.raises(UnsupportedOperationError, match=r"DataProcessing\.InputFilter"):
        chosen(expression)


def test_a_place_that_a_row_does_not_have_is_an_error():
    with pytest.raises(RecordError, match="index 5 is outside of a record with 2 fields"):
        filter_csv(chosen("$[5]"), [b"1,2"])
    with pytest.raises(RecordError, match="fewer than 3 fields"):
        filter_csv(chosen("$[2:]"), [b"1,2"])
    with pytest.raises(RecordError, match="has no 'y'"):
        filter_json(chosen("$.y"), [b'{"x":1}'])
    with pytest.raises(RecordError, match="not JSON"):
        filter_json(chosen("$.y"), [b"{"])
