import pytest

from localcloud.images.dockerignore import Ignore


@pytest.mark.parametrize(
    ("rules", "path", "excluded"),
    [
        ("", "app.py", False),
        ("", "a/__pycache__/b.pyc", True),
        ("tests", "tests/unit/test_a.py", True),
        ("*.md", "README.md", True),
        ("*.md", "docs/a.md", False),
        ("**/*.md", "docs/a.md", True),
        ("*\n!app.py", "app.py", False),
        ("*\n!inference/**", "inference/a/b.py", False),
        ("*\n!inference", "training/b.py", True),
        ("# comment\n\n/build/", "build/x", True),
        ("a?c", "abc", True),
    ],
)
def test_the_last_rule_that_matches_decides(rules, path, excluded):
    assert Ignore.parse(rules).excludes(path) is excluded


def test_a_dockerfile_may_have_rules_of_its_own(tmp_path):
    (tmp_path / ".dockerignore").write_text("a")
    (tmp_path / "Dockerfile.dockerignore").write_text("b")
    ignore = Ignore.read(tmp_path, tmp_path / "Dockerfile")
    assert (ignore.excludes("a"), ignore.excludes("b")) == (False, True)
