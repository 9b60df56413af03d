import csv

import pytest

from localcloud.commands import sample_data
from localcloud.commands.cli import parse
from localcloud.commands.housing import HEADER
from localcloud.commands.running import CommandError


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_what_is_written_can_be_uploaded_and_asked(tmp_path):
    told = sample_data.run(tmp_path / "sample", rows=400, seed=1)
    housing, quarter, requests = (
        rows_of(tmp_path / "sample" / name) for name in ("housing.csv", "quarter.csv", "requests.csv")
    )
    assert housing[0] == quarter[0] == list(HEADER)
    assert (len(housing), len(quarter), len(requests)) == (401, 101, 100)
    assert quarter[1:] == housing[1::4]
    target = HEADER.index(sample_data.TARGET)
    assert requests[0] == housing[1][:target] + housing[1][target + 1 :]
    assert "housing.csv    400 rows" in told


def test_the_same_seed_gives_the_same_rows_and_another_others(tmp_path):
    written = []
    for seed in (1, 1, 2):
        sample_data.run(tmp_path, rows=10, seed=seed)
        written.append((tmp_path / "housing.csv").read_bytes())
    assert written[0] == written[1] != written[2]


@pytest.mark.parametrize("rows", ["0", "-1", "many"])
def test_a_number_of_rows_that_is_none_is_refused(rows, capsys):
    with pytest.raises(SystemExit):
        parse(["sample-data", "--rows", rows])
    assert "is not a number of rows above 0" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="cannot be written"):
        sample_data.run(tmp_path / "file", rows=1, seed=1)
