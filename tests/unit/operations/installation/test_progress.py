import io

from operations.installation.progress import Progress

SAID = """\
Using Python 3.11.2 environment at: v1
Resolved 2 packages in 1.08s
Downloading pyarrow (47.7MiB)
Downloading shap (512.0KiB)
 Downloaded shap
 Downloaded pyarrow
Prepared 2 packages in 12.82s
Installed 2 packages in 479ms
 + pyarrow==25.0.1
"""


def follow(text, *, is_terminal):
    out = io.StringIO()
    progress = Progress(out, is_terminal=is_terminal)
    progress.follow(text.splitlines(keepends=True))
    return out.getvalue(), progress.said


def test_each_package_that_arrives_is_a_line_in_a_file():
    told, said = follow(SAID, is_terminal=False)
    assert told.splitlines() == [
        "  downloaded      0 of 48 MiB: shap",
        "  downloaded     48 of 48 MiB: pyarrow",
    ]
    assert said == []


def test_a_terminal_sees_one_line_that_is_redrawn():
    told, _ = follow(SAID, is_terminal=True)
    assert told.count("\r") == 2
    assert told.count("\n") == 1


def test_what_uv_complains_of_is_kept():
    _, said = follow(SAID + "error: Failed to fetch\n  Caused by: no route\n", is_terminal=False)
    assert said == ["error: Failed to fetch", "  Caused by: no route"]
