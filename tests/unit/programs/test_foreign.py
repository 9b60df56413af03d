from pathlib import Path

from tests.programs import foreign

ROOT = Path(__file__).parents[3]
ROW = "| JSONata's suite | x | 7 of 8 | old |\n"
TABLE = f"# A\n\n{foreign.BEGIN}\n| judge | a | b | c |\n|---|---|---|---|\n{ROW}"
DOCUMENT = f"{TABLE}{foreign.END}\n\nthe end\n"


def outcomes(command):
    failed = "tests/clients/test_v2_client.py" in command
    return int(
        failed
    ), "noise\n====== 1 failed, 2 passed in 2.50s ======\n" if failed else "1,614 of 1,630 pass\n"


def test_every_judge_is_asked_whatever_another_finds():
    results, failed = foreign.ask(foreign.judges(Path("suite")), outcomes)
    assert [judge.name for judge, _ in results][-1] == "JSONata's suite"
    assert (len(results), failed) == (5, 1)
    assert results[1][1] == "1 failed, 2 passed in 2.50s"
    assert results[-1][1] == "1,614 of 1,630 pass"


def test_who_was_not_asked_keeps_the_last_figure():
    asked = foreign.judges(None)
    text = foreign.merged(DOCUMENT, [(asked[0], "5 passed")], "2026-01-02")
    assert "| JSONata's suite | x | 7 of 8 | old |" in text
    assert f"| {asked[0].name} | {asked[0].asked} | 5 passed | 2026-01-02 |" in text
    assert text.startswith("# A\n")
    assert text.endswith("\n\nthe end\n")
    assert foreign.merged(text, [(asked[0], "5 passed")], "2026-01-02") == text


def test_each_command_names_files_that_are_there():
    for judge in foreign.judges(None):
        assert all((ROOT / word).exists() for word in judge.command if word.startswith("tests/"))


def test_the_documents_table_can_be_renewed():
    document = (ROOT / "docs/fidelity.md").read_text()
    assert document.count(foreign.BEGIN) == document.count(foreign.END) == 1
    assert foreign.merged(document, [], "") == document
