"""What a run of pip-audit means: nothing known, something known, or nobody asked."""

import json
import subprocess

import pytest

from operations import audit

CLEAN = {"name": "numpy", "version": "2.4.6", "vulns": []}
BAD = {
    "name": "jinja2",
    "version": "3.0.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.4"], "aliases": [], "description": ""}],
}
SKIPPED = {"name": "own", "skip_reason": "Dependency not found on PyPI"}


def answering(dependencies=None, stderr="", code=0):
    stdout = "" if dependencies is None else json.dumps({"dependencies": dependencies, "fixes": []})
    return lambda words: subprocess.CompletedProcess(words, code, stdout, stderr)


def test_no_advisory_is_no_objection():
    verdict = audit.audit("r.txt", answering([CLEAN, SKIPPED]))
    assert not verdict.vulnerable
    assert verdict.lines == ("pip-audit: r.txt: 1 dependencies, 0 advisories, 1 unknown to the index",)


def test_an_advisory_is_named_with_what_mends_it():
    verdict = audit.audit("r.txt", answering([CLEAN, BAD], code=1))
    assert verdict.vulnerable
    assert verdict.lines[0] == "pip-audit: r.txt: jinja2 3.0.0: PYSEC-1, fixed in 3.1.4"


def test_an_index_without_advisories_is_no_audit():
    verdict = audit.audit("r.txt", answering([SKIPPED]))
    assert not verdict.vulnerable
    assert "skipped: this machine's index has no advisories" in verdict.lines[0]


def test_a_service_out_of_reach_is_said_and_stops_nobody():
    verdict = audit.audit("r.txt", answering(stderr="requests.exceptions.ConnectionError: ...", code=1))
    assert not verdict.vulnerable
    assert verdict.lines == ("pip-audit: r.txt: skipped: cannot reach a service that knows advisories",)


def test_a_service_that_never_answers_is_given_up():
    def hang(words):
        raise subprocess.TimeoutExpired(words, 1)

    assert "skipped: no answer" in audit.audit("r.txt", hang).lines[0]


def test_a_lock_that_cannot_be_read_is_an_error_and_not_skipped():
    with pytest.raises(audit.AuditError, match=r"r\.txt: package boto3 has duplicate requirements"):
        audit.audit("r.txt", answering(stderr="package boto3 has duplicate requirements", code=1))


def test_the_locks_are_read_and_nothing_is_installed():
    words = audit.command("r.txt")
    assert {"--disable-pip", "--require-hashes"} <= set(words)
    assert words[-2:] == ["--requirement", "r.txt"]


@pytest.fixture
def locks(tmp_path):
    paths = [tmp_path / "long.txt", tmp_path / "short.txt"]
    for path, size in zip(paths, (2, 1), strict=True):
        path.write_text("x" * size)
    return [str(path) for path in paths]


def test_where_nobody_answers_the_rest_is_not_asked(locks, capsys):
    assert audit.audit_all(locks, answering([SKIPPED]))
    said = capsys.readouterr().out
    assert "short.txt: skipped" in said
    assert "long.txt" not in said
    assert said.endswith("the locks were not audited on this machine\n")


def test_one_vulnerable_lock_is_enough(locks):
    assert audit.audit_all(locks, answering([CLEAN]))
    assert not audit.audit_all(locks, answering([BAD], code=1))
