import pytest

from operations.installation.machine import SetUpError, lacking_openmp, require_disk, require_python


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_a_python_from_3_11_on_is_taken(version):
    require_python(version)


def test_an_older_python_is_told_what_to_do():
    with pytest.raises(SetUpError, match=r"is 3\.9\.18.*make PYTHON=python3\.12"):
        require_python((3, 9, 18))


def test_little_disk_is_told_with_both_figures(tmp_path):
    require_disk(tmp_path, 2_000, "The set-up", free_bytes=2_000_000_000)
    with pytest.raises(SetUpError, match=r"needs 2\.0 GB of disk, and .* has 0\.8 GB free"):
        require_disk(tmp_path, 2_000, "The set-up", free_bytes=800_000_000)


def _absent(name):
    raise OSError(f"{name}: cannot open shared object file")


def test_a_machine_without_openmp_is_told_what_to_install_for_lightgbm():
    assert "apt-get install libgomp1" in lacking_openmp(_absent, "linux")
    assert lacking_openmp(lambda name: None, "linux") == ""
    assert lacking_openmp(_absent, "darwin") == ""
