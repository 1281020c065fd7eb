"""Buildspecs of the shapes that projects have, run from beginning to end.

AWS (Build specification reference for CodeBuild): what each key means.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_codeartifact.targets.builds import Build

    Run = Callable[..., Build]

SPEC = "Build specification reference for CodeBuild"
TRANSITIONS = "Build phase transitions"


def printed(build: "Build") -> list[str]:
    """What commands printed, in order: lines that begin with a mark no command shows otherwise."""
    return re.findall(r"^said (.*)$", build.log, re.MULTILINE)


def phases(build: "Build") -> Sequence[tuple[str, str]]:
    """The phases that commands belong to, and what comes after them, with their statuses."""
    around = {"SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "FINALIZING"}
    return [(p.name, p.status) for p in build.phases.values() if p.name not in around]


@pytest.mark.documented(SPEC)
def test_finally_runs_after_a_failure_and_the_build_ends_there(run: "Run") -> None:
    """The first command that fails skips the others, not `finally`; PRE_BUILD is essential."""
    build = run("""
version: 0.2
phases:
  install:
    commands:
      - echo said install
    finally:
      - echo said install finally
  pre_build:
    commands:
      - echo said before
      - exit 3
      - echo said never
    finally:
      - echo said cleaned
  build:
    commands:
      - echo said never either
""")

    assert printed(build) == ["install", "install finally", "before", "cleaned"]
    assert build.status == "FAILED"
    assert phases(build) == [("INSTALL", "SUCCEEDED"), ("PRE_BUILD", "FAILED")]
    failed = build.phases["PRE_BUILD"]
    assert failed.code == "COMMAND_EXECUTION_ERROR"
    assert failed.message == "Error while executing command: exit 3. Reason: exit status 3"
    assert "[Container]" in build.log
    assert "Command did not exit successfully exit 3 exit status 3" in build.log
    assert "Phase complete: PRE_BUILD State: FAILED" in build.log


@pytest.mark.documented(TRANSITIONS)
def test_post_build_runs_after_a_failed_build_and_knows_of_it(run: "Run") -> None:
    """BUILD fails, POST_BUILD sees CODEBUILD_BUILD_SUCCEEDING=0, artifacts are tried."""
    build = run("""
version: 0.2
phases:
  build:
    commands:
      - echo said $CODEBUILD_BUILD_SUCCEEDING
      - "false"
  post_build:
    commands:
      - echo said $CODEBUILD_BUILD_SUCCEEDING
      - test "$CODEBUILD_BUILD_SUCCEEDING" = 1 || echo said no release
""")

    assert printed(build) == ["1", "0", "no release"]
    assert build.status == "FAILED"
    assert phases(build) == [
        ("INSTALL", "SUCCEEDED"),
        ("PRE_BUILD", "SUCCEEDED"),
        ("BUILD", "FAILED"),
        ("POST_BUILD", "SUCCEEDED"),
        ("UPLOAD_ARTIFACTS", "SUCCEEDED"),
    ]


@pytest.mark.assumed("the page says that it continues; people use it so that the build succeeds")
def test_failure_with_continue_does_not_matter(run: "Run") -> None:
    """`on-failure: CONTINUE` goes on to the next phase, and the build succeeds."""
    build = run("""
version: 0.2
phases:
  pre_build:
    on-failure: CONTINUE
    commands:
      - echo said lint
      - exit 1
      - echo said never
  build:
    commands:
      - echo said build $CODEBUILD_BUILD_SUCCEEDING
""")

    assert printed(build) == ["lint", "build 1"]
    assert build.phases["PRE_BUILD"].status == "FAILED"
    assert build.succeeded


@pytest.mark.documented(SPEC)
def test_failure_with_abort_ends_the_build(run: "Run") -> None:
    """`on-failure: ABORT` in BUILD leaves POST_BUILD out."""
    build = run("""
version: 0.2
phases:
  build:
    on-failure: ABORT
    commands:
      - exit 1
  post_build:
    commands:
      - echo said never
""")

    assert printed(build) == []
    assert build.status == "FAILED"
    assert "POST_BUILD" not in build.phases


@pytest.mark.assumed("the page says that the build is retried; here it is the phase's commands")
def test_failure_with_retry_runs_the_phase_again(run: "Run") -> None:
    """A flaky phase gets as many tries as the buildspec says, where its output fits."""
    build = run("""
version: 0.2
phases:
  pre_build:
    on-failure: RETRY-2-ECONNRESET
    commands:
      - echo x >> tries
      - test "$(wc -l < tries)" -ge 3 || { echo ECONNRESET; exit 1; }
      - echo said after $(wc -l < tries) tries
  build:
    on-failure: RETRY-2-ECONNRESET
    commands:
      - echo said another failure
      - exit 1
""")

    assert printed(build) == ["after 3 tries", "another failure"]
    assert build.phases["PRE_BUILD"].status == "SUCCEEDED"
    assert build.phases["BUILD"].status == "FAILED"


@pytest.mark.documented(SPEC)
def test_commands_of_many_lines_are_scripts(run: "Run") -> None:
    """Block scalars with loops, here-documents and functions run as they are written."""
    build = run("""
version: 0.2
phases:
  build:
    commands:
      - |
        greet() {
          echo "said $1"
        }
        for name in one two; do
          greet "$name"
        done
      - |
        cat > message.txt <<'END'
        Said $HOME stays
        END
        sed s/S/s/ message.txt
      - >-
        if [ -f message.txt ]; then
        echo said folded; fi
      - 'echo "said: with colon"'
""")

    assert printed(build) == ["one", "two", "$HOME stays", "folded"]
    assert "said: with colon" in build.log
    assert build.succeeded


@pytest.mark.documented("Shells and commands in build environments")
def test_folder_and_variables_carry_over(run: "Run") -> None:
    """In version 0.2 all commands share one shell: its folder, its variables, exported or not."""
    build = run("""
version: 0.2
phases:
  install:
    commands:
      - mkdir -p deep/er && cd deep/er
      - PLAIN="two  blanks"
      - export LOUD=exported
      - set -e
  build:
    commands:
      - echo said $(basename "$PWD")
      - echo "said $PLAIN"
      - sh -c 'echo "said $LOUD$PLAIN"'
      - echo said $(test "$OLDPWD" = "$CODEBUILD_SRC_DIR" && echo came from the source)
""")

    assert printed(build)[:3] == ["er", "two  blanks", "exported"]
    assert build.succeeded


@pytest.mark.documented("Shells and commands in build environments")
def test_version_0_1_gives_each_command_a_shell_of_its_own(run: "Run") -> None:
    """In version 0.1 neither folder nor variables carry over."""
    build = run("""
version: 0.1
phases:
  build:
    commands:
      - mkdir deep && cd deep
      - LOST=value
      - echo "said $(basename "$PWD") [$LOST]"
""")

    assert printed(build) == ["src []"]


@pytest.mark.documented(SPEC)
def test_exported_variables_are_those_of_the_end(run: "Run") -> None:
    """`exported-variables` show in the build, also those that commands have set."""
    build = run("""
version: 0.2
env:
  variables:
    STAGE: test
    LATER: early
  exported-variables:
    - STAGE
    - LATER
    - COMPUTED
    - MISSING
phases:
  build:
    commands:
      - COMPUTED="build $CODEBUILD_BUILD_NUMBER"
  post_build:
    commands:
      - export LATER=late
""")

    assert build.exported == {"STAGE": "test", "LATER": "late", "COMPUTED": "build 1"}


@pytest.mark.documented("YAML 1.1: anchors, aliases and merge keys")
def test_anchors_and_merge_keys_are_followed(run: "Run") -> None:
    """Parts of a buildspec may be written once and used again."""
    build = run("""
version: 0.2
env:
  variables: &defaults
    COLOUR: blue
    SIZE: "10"
phases:
  pre_build:
    commands: &announce
      - echo said $COLOUR $SIZE
  build:
    commands: *announce
  post_build:
    <<: {commands: [echo said merged]}
""")

    assert printed(build) == ["blue 10", "blue 10", "merged"]


@pytest.mark.documented(SPEC)
@pytest.mark.parametrize(
    ("shell", "status"), [("bash", "SUCCEEDED"), ("/bin/sh", "FAILED")], ids=["bash", "sh"]
)
def test_shell_is_the_one_chosen(shell: str, status: str, run: "Run") -> None:
    """Bash's own syntax works in Bash; `sh` need not have it."""
    build = run(f"""
version: 0.2
env:
  shell: {shell}
phases:
  build:
    commands:
      - kinds=(wheel sdist)
      - '[[ "${{kinds[1]}}" == s* ]] && echo "said ${{kinds[1]}}"'
""")

    assert build.status == status
    assert printed(build) == (["sdist"] if status == "SUCCEEDED" else [])


@pytest.mark.documented(SPEC)
def test_variables_are_plain_text(run: "Run") -> None:
    """Values are what stands there: nothing in them is expanded, and YAML's types do not count."""
    build = run(
        """
version: 0.2
env:
  variables:
    ANSWER: yes
    NUMBER: 0.10
    LITERAL: $PATH:more
    TAKEN: from the buildspec
phases:
  build:
    commands:
      - printf 'said %s\\n' "$ANSWER" "$NUMBER" "$LITERAL" "$TAKEN"
""",
        variables={"TAKEN": "from the project"},
    )

    assert printed(build) == ["yes", "0.10", "$PATH:more", "from the project"]


@pytest.mark.documented("Shells and commands in build environments")
def test_output_and_exit_status_are_those_of_a_shell(run: "Run") -> None:
    """A line without an end gets one, and a killed shell is 128 and the signal."""
    build = run("""
version: 0.2
phases:
  build:
    commands:
      - printf 'said a'; sleep 0.6; printf 'b'
      - kill -9 $$
    finally:
      - echo said $CODEBUILD_LAST_EXIT
      - exit 4
""")

    assert printed(build) == ["ab", "137"]
    assert "said ab\n\n[Container]" in build.log
    # What failed first is the reason.
    assert build.phases["BUILD"].message.endswith("kill -9 $$. Reason: exit status 137")


@pytest.mark.assumed("an event has room for 256 KiB, and nothing of a line may be lost")
def test_long_line_is_whole_in_the_log(run: "Run") -> None:
    """A line of many kilobytes is some events, which together are the line."""
    build = run("""
version: 0.2
phases:
  build:
    commands:
      - head -c 400000 /dev/zero | tr '\\0' x; echo
""")

    assert build.succeeded
    assert f"\n{'x' * 400_000}\n" in build.log


@pytest.mark.documented("Shells and commands in build environments")
def test_path_that_leads_nowhere_fails_commands(run: "Run") -> None:
    """A PATH is taken literally, and programs are not found any more; the shell is."""
    build = run("""
version: 0.2
env:
  variables:
    PATH: $PATH:/nowhere
phases:
  build:
    commands:
      - echo said builtin
      - ls
""")

    assert printed(build) == ["builtin"]
    assert build.phases["BUILD"].message.endswith("ls. Reason: exit status 127")


@pytest.mark.documented("Specify runtime versions in the buildspec file")
def test_runtime_that_is_not_there_ends_the_build_early(run: "Run") -> None:
    """An unknown version is named with those that are there, before any command."""
    build = run("""
version: 0.2
phases:
  install:
    runtime-versions:
      python: 2.6
  build:
    commands: [echo said never]
""")

    failed = build.phases["DOWNLOAD_SOURCE"]
    assert (failed.status, failed.code) == ("FAILED", "YAML_FILE_ERROR")
    assert "Unknown runtime version named '2.6' of python" in failed.message
    assert printed(build) == []


@pytest.mark.documented("Specify runtime versions in the buildspec file")
def test_runtime_that_is_there_is_selected(run: "Run") -> None:
    """`python3` is of the version that was asked for."""
    build = run("""
version: 0.2
phases:
  install:
    runtime-versions:
      python: 3.x
    commands: []
  build:
    commands:
      - python3 -c 'import sys; print("said", sys.version_info.major)'
""")

    assert printed(build) == ["3"]
    assert "Selecting 'python' runtime version '3.x'" in build.log
    assert "No commands found for phase name: install" in build.log


@pytest.mark.documented("Troubleshooting AWS CodeBuild")
@pytest.mark.parametrize(
    ("buildspec", "reason"),
    [
        ("version: 0.2\nphases:\n  biuld:\n    commands: [ls]\n", "line 3"),
        ("version: 0.2\nphases:\n  build:\n    comands: [ls]\n", "line 4"),
        ("version: 0.2\nphases: [\n", "line"),
        ("version: 0.2\nrun-as: nobody-else\nphases:\n  build:\n    commands: [ls]\n", "run-as"),
    ],
    ids=["phase", "key", "yaml", "user"],
)
def test_buildspec_with_a_mistake_is_refused_with_its_place(
    buildspec: str, reason: str, run: "Run"
) -> None:
    """A mistake fails DOWNLOAD_SOURCE, and the reason says where it stands."""
    build = run(buildspec)

    failed = build.phases["DOWNLOAD_SOURCE"]
    assert (failed.status, failed.code) == ("FAILED", "YAML_FILE_ERROR")
    assert reason in failed.message
    assert phases(build) == []
