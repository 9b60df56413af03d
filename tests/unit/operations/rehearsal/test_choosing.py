"""Which acts are played: those that are known, and an unknown name is refused before anything starts."""

import pytest

from operations.rehearsal import choosing, performance
from operations.rehearsal.table_file import DataFileError


@pytest.mark.parametrize("name", choosing.KNOWN)
def test_known_acts_are_chosen(name):
    assert choosing.chosen(name) == name


@pytest.mark.parametrize("name", ["All", "stream,all", "five", "x" * 500])
def test_an_unknown_one_is_refused_with_the_list_of_those_known(name):
    with pytest.raises(DataFileError, match="is unknown") as told:
        choosing.chosen(name)
    assert all(f"ACTS={known}:" in str(told.value) for known in choosing.KNOWN if known)
    assert len(str(told.value)) < 500


def test_the_rehearsal_ends_at_once_where_the_acts_are_unknown(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACTS", "five")
    monkeypatch.setattr(performance, "prepare", lambda *_: pytest.fail("it went on"))
    assert performance.main() == 2
    assert "ACTS=all" in capsys.readouterr().out
