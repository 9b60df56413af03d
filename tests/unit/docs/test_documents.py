"""The documents agree with what they describe."""

import re
from pathlib import Path

from contracts import errors, values
from contracts.names import folder_of
from step_functions import diagram, documents, loading

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
RUNBOOK = (ROOT / "docs/runbook.md").read_text()


STATES = loading.load()["States"]


def test_the_pipeline_is_drawn_as_it_is():
    assert diagram.embedded((ROOT / "step_functions/README.md").read_text()) == diagram.current()


def test_the_table_of_the_document_is_that_of_its_classes():
    assert documents.embedded((ROOT / "step_functions/README.md").read_text()) == documents.render()


def test_the_front_page_s_short_drawing_is_made_of_the_pipeline_and_shows_each_of_its_states():
    drawing = diagram.embedded(README)
    assert drawing == diagram.short()
    assert set(re.findall(r"\b[A-Z]\w+[a-z][A-Z]\w+\b", drawing)) == set(diagram.SHORT)


def test_the_short_drawing_says_what_each_answer_leads_to():
    drawing = diagram.short()
    assert "IngestData -->|no| DatasetRejected([DatasetRejected])" in drawing
    assert "CheckDeployment -->|to go home| ReturnHome --> CheckDeployment" in drawing
    assert "EvaluateModel -->|no| ChallengerRejected" in drawing
    assert "AcquireLease --> EvaluateModel" in drawing  # a verdict that got old


def test_the_readme_stays_short():
    assert len(README.splitlines()) <= 150


def test_the_picture_shows_every_way_out_of_a_choice_and_leaves_out_what_only_a_catch_leads_to():
    picture = diagram.current()
    drawn = set(re.findall(r"^  (\w+)[\[{(]", picture, re.MULTILINE)) - {"Upload"}
    assert set(STATES) - drawn == {
        "DescribeFailure",
        "FindTrainingJob",
        "WhatIsLeftBehind",
        "IsTrainingOver",
        "WaitForTraining",
    }
    for name in drawn:
        state = STATES[name]
        ways = [choice["Next"] for choice in state.get("Choices", [])] + [state.get("Default")]
        for target in filter(None, ways):
            assert re.search(rf"^  {name} -->(\|[^|]+\|)? {target}$", picture, re.MULTILINE), (name, target)


def test_the_runbook_names_only_errors_that_exist():
    named = set(re.findall(r"`(\w+Error)`", RUNBOOK))
    assert named
    assert named <= set(vars(errors))


def test_relative_links_in_the_documents_lead_somewhere():
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "step_functions/README.md"]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.relative_to(ROOT)} links to {target}"


def test_the_values_are_described_as_their_grammar_has_them():
    rows = [f"| `{kind}` | {read} | {value} |" for kind, (read, value) in values.DESCRIBED.items()]
    assert (
        "\n".join(["| type | what is read | value |", "|---|---|---|", *rows])
        in (ROOT / "docs/values.md").read_text()
    )


def test_every_example_of_a_value_is_one():
    assert tuple(values.DESCRIBED) == values.TYPES
    for kind, (read, _) in values.DESCRIBED.items():
        for example in re.findall("`(.+?)`", read):
            assert values.Grammar(type=kind).read(example) is not None, (kind, example)


MAP = (ROOT / "docs/architecture.md").read_text()


def test_the_map_fits_on_a_page_and_leads_to_files_that_exist():
    assert len(MAP.splitlines()) <= 80
    named = re.findall(r"`([a-z_]+/[\w/.]*|[a-z_]+[.](?:py|toml))`", MAP)
    inside = {
        "http/",
        "formats/",
        "model/",
        "kernel/",
        "aws/",
        "datasets/",
        "deployments/",
        "data/",
        "intake/",
    }
    inside |= {"models/", "pipeline/", "functions/", "monitoring/", "network/"}
    missing = [name for name in named if name not in inside and not (ROOT / name).exists()]
    assert not missing
    assert len(named) > 40


def test_the_way_of_an_upload_passes_every_function_of_the_pipeline():
    """Those of a rollback and of a lost endpoint have ways of their own."""
    functions = {
        state["Arguments"]["FunctionName"]
        for state in STATES.values()
        if "lambda:invoke" in state.get("Resource", "")
    }
    passed = {f"lambdas/{folder_of(name[2:-4])}/handler.py" for name in functions}
    assert {name for name in passed if name not in MAP} == {"lambdas/find_previous_champion/handler.py"}
