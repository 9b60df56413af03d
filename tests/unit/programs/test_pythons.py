from tests.programs.pythons import find


def python(folder, version, said):
    folder.mkdir(exist_ok=True)
    path = folder / f"python{version}"
    path.write_text(f"#!/bin/sh\n{said}\n")
    path.chmod(0o755)
    return path


def test_each_version_that_is_here_is_found_in_its_oldest_patch_level(tmp_path):
    python(tmp_path / "a", "3.11", "echo Python 3.11.9")
    older = python(tmp_path / "b", "3.11", "echo Python 3.11.2")
    only = python(tmp_path / "b", "3.13", "echo Python 3.13.0")
    found = find(("3.11", "3.12", "3.13"), [tmp_path / "a", tmp_path / "b", tmp_path / "none"])
    assert found == {"3.11": older, "3.13": only}


def test_a_python_that_does_not_start_or_is_another_is_not_here(tmp_path):
    python(tmp_path, "3.12", "exit 127")
    python(tmp_path, "3.13", "echo Python 3.14.0")
    assert find(("3.12", "3.13"), [tmp_path]) == {}
