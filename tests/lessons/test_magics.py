"""The commands of notebooks, in a real kernel."""

import json
from pathlib import Path

import pytest

from tests.support.notebooks import LOAD, OpenKernel, codes, open_kernel

DOMAIN = """\
%%console
$ aws codeartifact create-domain --domain awscicd --query domain.status --output text
Active"""
REPOSITORY = """\
%%console
$ aws codeartifact create-repository --domain awscicd --repository demo-repo \\
>     --query repository.name --output text
demo-repo"""


def test_variables_and_folder_carry_over_from_cell_to_cell(empty: OpenKernel) -> None:
    """What one console cell sets, the next one sees."""
    first = empty.run("%%console\n$ COLOUR=blue\n$ export SHAPE=round\n$ mkdir sub && cd sub")
    second = empty.run(
        "%%console\n$ echo $COLOUR $(printenv SHAPE) $(basename $PWD)\nblue round sub"
    )
    assert codes([first, second]) == [None, None]


def test_output_that_is_not_as_shown_fails_with_both_sides(empty: OpenKernel) -> None:
    """The cell shows what was expected beside what came, and says the line."""
    found = empty.run("%%console\n$ printf 'one\\ntwo\\n'\none\nTWO")
    assert codes([found]) == ["NotAsShown"]
    assert "4 | -TWO" in found.text()
    assert "+two" in found.text()
    assert "Line 4 of this cell" in found.text()
    assert found.told("failed")["line"] == 4


def test_command_that_fails_unexpectedly_shows_what_it_complained_of(empty: OpenKernel) -> None:
    """Standard error and the exit code are on the page, and there is no traceback."""
    found = empty.run("%%console\n$ echo because >&2; exit 3")
    assert "because" in found.text()
    assert "[3]" in found.text()
    assert "Traceback" not in found.text()


def test_exit_code_that_is_stated_is_no_failure(empty: OpenKernel) -> None:
    """A console may show how something fails."""
    assert codes([empty.run("%%console\n$ (exit 3)\n[3]")]) == [None]


def test_shell_that_a_command_ends_is_begun_again(empty: OpenKernel) -> None:
    """`exit` ends a terminal window; the next cell has a new one, in the same home."""
    ended = empty.run("%%console\n$ touch kept; exit 3\n[3]")
    after = empty.run("%%console\n$ ls\nkept")
    assert codes([ended, after]) == [None, None]


def test_command_done_before_is_no_failure_the_second_time(empty: OpenKernel) -> None:
    """Who runs a cell twice is told that it was done, and AWS's own refusal."""
    first, second = empty.run(DOMAIN), empty.run(DOMAIN)
    assert codes([first, second]) == [None, None]
    assert "ConflictException" in second.text()
    assert "done before" in second.text()
    assert "as shown" not in second.text()


def test_refusal_of_a_command_that_was_not_done_before_is_a_failure(empty: OpenKernel) -> None:
    """Only what this notebook did itself counts as done."""
    other = DOMAIN.replace("--query domain.status", "--query 'domain.status'")
    assert codes([empty.run(DOMAIN), empty.run(other)]) == [None, "NotAsShown"]


def test_check_says_what_is_missing_and_then_what_it_saw(empty: OpenKernel) -> None:
    """Before the step there is a hint with a command, after it a sentence."""
    before = empty.run("%check domain")
    assert codes([before]) == ["NotYet"]
    assert "Try: aws codeartifact create-domain --domain awscicd" in before.text()
    assert "Traceback" not in before.text()
    empty.run(DOMAIN)
    after = empty.run("%check domain")
    assert codes([after]) == [None]
    assert "domain awscicd is Active, owned by 111122223333" in after.text()


def test_command_of_a_hint_is_what_makes_the_check_pass(empty: OpenKernel) -> None:
    """A beginner who types what the hint says gets on."""
    for check in ("domain", "repository", "connection", "login pip", "login twine"):
        hint = empty.run(f"%check {check}").told("not-yet")["command"]
        assert codes([empty.run(f"%%console\n$ {hint}")]) == [None]
        assert codes([empty.run(f"%check {check}")]) == [None]


def test_lesson_begins_with_what_earlier_ones_made_and_nothing_else(kernel: OpenKernel) -> None:
    """Whatever was there before is gone, and what the lesson needs is there."""
    kernel.run("%lesson 2")
    kernel.run(DOMAIN)
    told = kernel.run("%lesson 5")
    assert "the package cicddemo-hello, built and uploaded" in told.text()
    assert codes([kernel.run("%check published")]) == [None]
    kernel.run("%lesson 2")
    assert codes([kernel.run("%check domain")]) == ["NotYet"]
    assert codes([kernel.run("%%console\n$ ls | wc -l\n...\n$ ls\n(no output)")]) == [None]


def test_clock_and_public_registry_begin_anew_with_a_lesson(kernel: OpenKernel) -> None:
    """Twelve hours and an outage of one lesson are no matter of the next."""
    kernel.run("%lesson 4")
    for happening in ("outage", "hours 12"):
        assert codes([kernel.run(f"%happen {happening}")]) == [None]
    assert codes([kernel.run("%check login pip")]) == ["NotYet"]
    kernel.run("%lesson 4")
    assert codes([kernel.run("%check login pip")]) == [None]
    found = kernel.run(
        "%%console\n$ pip download --quiet daisy && ls\ndaisy-1.0.0-py3-none-any.whl"
    )
    assert codes([found]) == [None]


def test_lesson_begins_also_after_everything_was_stopped(kernel: OpenKernel) -> None:
    """A lesson's first cell, run again, is always a way back."""
    stopped = kernel.run("%codeartifact stop")
    again = kernel.run(f"{LOAD}\n%lesson 3")
    assert codes([stopped, again, kernel.run("%check repository")]) == [None, None, None]


def test_loading_twice_changes_nothing(empty: OpenKernel) -> None:
    """Running a notebook's first line again is no accident."""
    empty.run(DOMAIN)
    assert codes([empty.run(LOAD), empty.run("%check domain")]) == [None, None]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%lesson ten", "lessons are 1 to 9, not 'ten'"),
        ("%check", "there is no check ''"),
        ("%check weather", "there is no check 'weather'"),
        ("%check login", "%check login TOOL"),
        ("%check domain a", "Invalid length for parameter domain"),
        ("%check disposed rose 1.0", "demo-repo has no package rose"),
        ("%show decision up/policy.json sts:X", "there is no file up/policy.json"),
        ("%check domain a b", "%check domain [NAME]"),
        ("%check login npm", "pip and twine can be logged in here, not 'npm'"),
        ("%show weather", "there is no view 'weather'"),
        ("%show token", "%show token TOOL"),
        ("%happen miracle", "'miracle' cannot happen"),
        ("%happen yank", "%happen yank PACKAGE"),
        ("%happen yank rose", "the public registry has sunflower, daisy, not 'rose'"),
        ("%happen hours many", "from 1 to 1000, not 'many'"),
        ("%%write\nx", "say a path within the working folder, not ''"),
        ("%%write ../up\nx", "not '../up'"),
        ("%%write /etc/x\nx", "not '/etc/x'"),
        ("%%console\nls", "line 2 of this cell: output before any `$ command`"),
        ("%%console\n\n", "this console has no command"),
        ("%%console loud\n$ ls", "a console has no 'loud'"),
        ("%codeartifact somewhere", "%codeartifact own, attach [READY_FILE], terminal or stop"),
        ("%codeartifact aws", "which no real AWS account does; nothing was asked there"),
        ("%codeartifact attach /nowhere.json", "no CodeArtifact is served that /nowhere.json"),
        ("%show decision nobody sts:X", "there is no file nobody and no role nobody"),
    ],
)
def test_words_nobody_knows_are_answered_with_those_that_are_known(
    kernel: OpenKernel, cell: str, said: str
) -> None:
    """A slip is told in a line, without a traceback, and the kernel goes on."""
    found = kernel.run(cell)
    assert codes([found]) == ["Refused"]
    assert said in found.text()
    assert "Traceback" not in found.text()


def test_terminal_is_told_a_command_without_a_secret(empty: OpenKernel) -> None:
    """Who wants to go on in a terminal gets a line for it; its key is no part of it."""
    found = empty.run("%codeartifact terminal")
    assert 'eval "$(pytest-codeartifact env --ready-file ' in found.text()
    assert "AKIA" not in found.text()


def test_token_is_shown_as_what_is_left_of_its_life(kernel: OpenKernel) -> None:
    """The bar is full after the login, half full after six hours, and empty after twelve."""
    kernel.run("%lesson 4")
    fresh = kernel.run("%show token pip").text()
    kernel.run("%happen hours 6")
    half = kernel.run("%show token pip").text()
    kernel.run("%happen hours 7")
    spent = kernel.run("%show token pip").text()
    assert "good for 12 hours; 12 hours are left" in fresh
    assert "[##############################]" in fresh
    assert "6 hours are left" in half
    assert "[###############...............]" in half
    assert "it has expired" in spent
    assert "[..............................]" in spent


def test_decision_names_the_statement_that_decided(empty: OpenKernel) -> None:
    """Each statement is shown with whether it speaks of the action; the verdict is AWS's."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "codeartifact:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "codeartifact:Delete*", "Resource": "*"},
        ],
    }
    empty.run(f"%%write policy.json\n{json.dumps(policy)}")
    allowed = empty.run("%show decision policy.json codeartifact:ReadFromRepository").text()
    denied = empty.run("%show decision policy.json codeartifact:DeleteRepository").text()
    missing = empty.run("%show decision policy.json sts:GetServiceBearerToken").text()
    assert "is allowed by policy.json" in allowed
    assert [line.split()[-2:] for line in allowed.splitlines()[-2:]] == [
        ["allows", "it"],
        ["codeartifact:Delete*", "silent"],
    ]
    assert "with an explicit deny in an identity-based policy" in denied
    assert "denies it" in denied
    assert "because no identity-based policy allows the sts:GetServiceBearerToken" in missing
    unknown = empty.run("%show decision policy.json GetServiceBearerToken")
    assert codes([unknown]) == ["Refused"]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("codeartifact:GetAuthorizationToken", "domain/awscicd"),
        ("codeartifact:DeleteDomain", "domain/awscicd"),
        ("codeartifact:ReadFromRepository", "repository/awscicd/demo-repo"),
        ("codeartifact:ListPackages", "repository/awscicd/demo-repo"),
        ("codeartifact:PublishPackageVersion", "package/awscicd/demo-repo/pypi//cicddemo-hello"),
        ("codeartifact:deletepackageversions", "package/awscicd/demo-repo/pypi//cicddemo-hello"),
    ],
)
def test_decision_asks_about_what_the_action_is_about(
    kernel: OpenKernel, action: str, resource: str
) -> None:
    """A policy that names exactly this resource allows the action."""
    arn = f"arn:aws:codeartifact:ap-southeast-1:111122223333:{resource}"
    statement = {"Effect": "Allow", "Action": action, "Resource": arn}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    kernel.run(f"%%write exact.json\n{json.dumps(document)}")
    assert "is allowed by exact.json" in kernel.run(f"%show decision exact.json {action}").text()


def test_requests_show_what_programs_asked_and_not_what_the_lesson_looked_at(
    empty: OpenKernel,
) -> None:
    """The learner's own requests are listed, those of checks and views are not."""
    empty.run(DOMAIN)
    for look in ("%check domain", "%show domain"):
        empty.run(look)
    found = empty.run("%show requests").text().splitlines()
    assert [line.split() for line in found] == [
        ["who", "asked", "status"],
        ["administrator", "CreateDomain", "200"],
    ]


def test_cell_in_the_middle_is_preceded_by_the_steps_before_it(tmp_path: Path) -> None:
    """Who begins in the middle of a lesson gets the same as who began at the top."""
    cells = ["%lesson 2", DOMAIN, "%check domain", REPOSITORY, "%check repository"]
    notebook = {
        "cells": [{"cell_type": "markdown", "source": "## The domain"}]
        + [{"cell_type": "code", "source": each, "metadata": {}} for each in cells]
    }
    (tmp_path / "02-x.ipynb").write_text(json.dumps(notebook))
    with open_kernel(tmp_path, LOAD, "%lesson 2") as opened:
        found = opened.run(REPOSITORY)
        assert codes([found]) == [None]
        assert "First the steps before this one: The domain." in found.text()
        assert "$ aws codeartifact create-domain" in found.text()
        assert codes([opened.run("%check domain"), opened.run("%check repository")]) == [None, None]
        again = opened.run(DOMAIN)
        assert codes([again]) == [None]
        assert "First the steps" not in again.text()
