import pytest

from localcloud.images.dockerfile import DockerfileError, parse

WHOLE = r"""
# syntax=docker/dockerfile:1
ARG BASE_IMAGE=python:3.12@sha256:0
FROM ${BASE_IMAGE} AS build
RUN pip install \
    --no-cache-dir numpy
FROM ${BASE_IMAGE}
ARG VERSION=1
LABEL title="the model" version=${VERSION}
ENV A=1 B="two words" C=${A:-none}
ENV D ${MISSING:-default} kept
WORKDIR /opt
WORKDIR program
COPY --chown=1000 app.py ./
COPY ["with space.py", "other/"]
EXPOSE 8080
HEALTHCHECK CMD true
USER 1000
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
"""


def test_the_last_stage_is_the_image():
    image = parse(WHOLE, {"VERSION": "7"})[-1]
    assert image.base == "python:3.12@sha256:0"
    assert image.labels == {"title": "the model", "version": "7"}
    assert (image.entrypoint, image.command) == (("python", "-m", "app"), ("serve",))
    assert (image.workdir, image.user) == ("/opt/program", "1000")
    assert image.env["B"] == "two words"


def test_run_is_recorded_and_not_run():
    assert parse(WHOLE)[0].runs == ["pip install --no-cache-dir numpy"]


def test_copies_know_their_destination_in_the_image():
    copies = parse(WHOLE)[-1].copies
    assert [(copy.sources, copy.destination) for copy in copies] == [
        (("app.py",), "/opt/program/"),
        (("with space.py",), "/opt/program/other/"),
    ]


def test_a_shell_form_is_run_by_a_shell_and_a_new_entrypoint_drops_the_command():
    stage = parse('FROM x\nCMD ["a"]\nENTRYPOINT exec python app.py')[-1]
    assert stage.entrypoint == ("/bin/sh", "-c", "exec python app.py")
    assert stage.command == ()


def test_a_stage_that_stands_on_another_inherits_from_it():
    stage = parse("FROM x AS base\nENV A=1\nWORKDIR /opt\nCOPY a /opt/a\nFROM base\nENV B=2")[-1]
    assert (stage.env, stage.workdir, len(stage.copies)) == ({"A": "1", "B": "2"}, "/opt", 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("FROM x\nADD https://a /b", "line 2: ADD .*: the embedded cloud does not interpret"),
        ("COPY a b\nFROM x", "line 1: COPY a b: comes before FROM"),
        ("FROM x\nCOPY a", "expected COPY source"),
        ("FROM x\nCOPY --exclude=b a .", "--exclude is not interpreted"),
        ("FROM x\nENTRYPOINT [1]", "array of strings"),
        ("FROM x y", "expected FROM image"),
        ("ARG A=1", "has no FROM"),
        ("FROM x\nRUN a \\", "ends with a backslash"),
    ],
)
def test_what_cannot_be_interpreted_names_its_line(text, problem):
    with pytest.raises(DockerfileError, match=problem):
        parse(text)
