"""Who is let in, and what a policy's patterns match."""

import pytest
from ministack.core import iam_evaluator

from localcloud.iam import authentication
from localcloud.ministack_adapter.faults import iam_wildcards_end_at_a_line


@pytest.fixture
def match(monkeypatch):
    """ministack's matching of resources, with our wildcards."""
    monkeypatch.setattr(iam_evaluator, "_fnmatch_compile", iam_wildcards_end_at_a_line.wildcard)
    return iam_evaluator.fnmatch_iam_cs


@pytest.mark.parametrize("key", ["a.csv", "two\nlines.csv", "tab\t.csv", "\n", "*?[x]\\", "ünï 数据 🏠"])
def test_a_star_stands_for_any_character(match, key):
    assert match(f"arn:aws:s3:::bucket/incoming/{key}", "arn:aws:s3:::bucket/incoming/*")
    assert not match(f"arn:aws:s3:::bucket/other/{key}", "arn:aws:s3:::bucket/incoming/*")


def test_a_name_with_a_line_end_behind_it_is_another_name(match):
    assert match("arn:aws:s3:::bucket/a", "arn:aws:s3:::bucket/a")
    assert not match("arn:aws:s3:::bucket/a\n", "arn:aws:s3:::bucket/a")


def test_everything_but_star_and_question_mark_is_itself(match):
    assert match("a+b.c[d]", "a+b.c[d]")
    assert not match("aab.c[d]", "a+b.c[d]")
    assert match("abc", "a?c")
    assert not match("ac", "a?c")


def test_case_counts_in_resources_and_not_in_actions(match):
    assert not match("arn:A", "arn:a")
    assert iam_evaluator.fnmatch_iam("S3:getobject", "s3:Get*")


def test_a_session_is_known_by_its_role():
    session = "arn:aws:sts::111122223333:assumed-role/reader/me"
    assert authentication.role_arn_of(session) == "arn:aws:iam::111122223333:role/reader"
    assert (
        authentication.role_arn_of("arn:aws:iam::111122223333:user/me") == "arn:aws:iam::111122223333:user/me"
    )
