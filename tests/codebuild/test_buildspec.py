import contextlib
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pytest_codeartifact.codebuild.buildspec import (
    PHASES,
    Artifacts,
    Buildspec,
    BuildspecError,
    Cache,
    Command,
    Environment,
    Files,
    OnFailure,
    Phase,
    Proxy,
    Report,
    read,
)
from pytest_codeartifact.emulator.secret_references import SecretReference

WHOLE = """\
version: 0.2
run-as: builder
env:
  shell: bash
  variables: {GREETING: hello}
  parameter-store:
    PASSWORD: /build/password
  secrets-manager:
    KEY: keys:signing:AWSCURRENT
  exported-variables: [GREETING]
  git-credential-helper: yes
proxy:
  upload-artifacts: yes
  logs: no
batch:
  fast-fail: true
phases:
  install:
    runtime-versions: {python: 3.10}
  build:
    run-as: root
    on-failure: CONTINUE
    commands:
      - make
      - make check
    finally:
      - make clean
reports:
  tests:
    files: ["**/*.xml"]
    base-directory: results
    discard-paths: yes
    file-format: JunitXml
artifacts:
  files:
    - dist/*
  name: made-$(date +%F)
  discard-paths: no
  base-directory: out
  exclude-paths: ["**/*.log"]
  enable-symlinks: yes
  s3-prefix: builds
  secondary-artifacts:
    docs:
      files: html/**/*
      name: pages
cache:
  key: pip-1
  fallback-keys: [pip-]
  action: save
  paths: [/root/.cache/pip/**/*]
"""
READ = Buildspec(
    version="0.2",
    run_as="builder",
    environment=Environment(
        shell="bash",
        variables={"GREETING": "hello"},
        parameter_store={"PASSWORD": "/build/password"},
        secrets={"KEY": "keys:signing:AWSCURRENT"},
        exported=("GREETING",),
        git_credential_helper=True,
    ),
    proxy=Proxy(12, upload_artifacts=True, logs=False),
    batch_line=15,
    phases={
        "install": Phase("install", 18, runtimes={"python": "3.10"}),
        "build": Phase(
            "build",
            20,
            commands=(Command(24, "make"), Command(25, "make check")),
            finally_=(Command(27, "make clean"),),
            on_failure=OnFailure("CONTINUE"),
            run_as="root",
        ),
    },
    reports={
        "tests": Report(29, "tests", Files(29, ("**/*.xml",), "results", discard_paths=True)),
    },
    artifacts=Artifacts(
        34,
        "made-$(date +%F)",
        Files(34, ("dist/*",), "out", exclude=("**/*.log",)),
        enable_symlinks=True,
        s3_prefix="builds",
        secondary={"docs": Artifacts(44, "pages", Files(44, ("html/**/*",)))},
    ),
    cache=Cache(47, ("/root/.cache/pip/**/*",), "pip-1", ("pip-",), "save"),
)


def with_phases(text: str) -> str:
    """A buildspec of which the rest is given, from line 3 on."""
    return f"version: 0.2\nphases: {{}}\n{text}"


def commands_of(text: str) -> list[str]:
    return [command.text for command in read(text).phases["build"].commands]


def refusal(text: str, first_line: int = 1) -> BuildspecError:
    with pytest.raises(BuildspecError) as refused:
        read(text, first_line)
    return refused.value


# --- The whole -------------------------------------------------------------------------------


def test_every_key_is_read() -> None:
    """All that a buildspec can say is known afterwards, with its lines."""
    assert read(WHOLE) == READ


def test_smallest_buildspec_says_nothing_else() -> None:
    """What is not stated has the documented default."""
    assert read("version: 0.2\nphases: {}\n") == Buildspec("0.2", {})


def test_json_is_read() -> None:
    """What AWS's own tools write is JSON, which is YAML on one line."""
    spec = {"version": "0.2", "phases": {"build": {"commands": ["make", "make check"]}}}
    assert commands_of(json.dumps(spec)) == ["make", "make check"]


def test_lines_are_counted_from_the_first() -> None:
    """A text that stands in another one says the lines of that one."""
    text = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n"
    assert read(text, 100).phases["build"].commands == (Command(104, "make"),)
    assert refusal(text.replace("make", "a: b"), first_line=100).line == 104


def test_fragment_without_version_is_completed_or_refused() -> None:
    """A fragment is a buildspec where somebody says which version it is."""
    assert read("phases: {}", version="0.1").version == "0.1"
    assert read("version: 0.2\nphases: {}", version="0.1").version == "0.2"
    assert str(refusal("phases: {}")) == "line 1: the buildspec has no version"


def test_version_may_be_a_text() -> None:
    """A version in quotes is the same."""
    assert read('version: "0.2"\nphases: {}').version == "0.2"


def test_old_version_is_read_with_its_own_words() -> None:
    """Version 0.1 calls the environment otherwise."""
    text = "version: 0.1\nphases: {}\nenvironment_variables: {plaintext: {A: b}}\n"
    assert read(text) == Buildspec("0.1", {}, environment=Environment(variables={"A": "b"}))
    assert refusal(text.replace("0.1", "0.2")).line == 3
    assert "beside" in refusal(f"{text}env: {{}}\n").problem


def test_phases_come_in_the_order_in_which_they_run() -> None:
    """The order in which a buildspec names its phases means nothing."""
    named = "".join(f"  {name}: {{commands: []}}\n" for name in sorted(PHASES))
    assert tuple(read(f"version: 0.2\nphases:\n{named}").phases) == PHASES


# --- Texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("hello", "hello"),
        ("0.10", "0.10"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("yes", "yes"),
        ("True", "True"),
        ("2001-01-01", "2001-01-01"),
        ("12:30", "12:30"),
        ("=", "="),
        ('""', ""),
        ('"a\\tb"', "a\tb"),
        ("'it''s'", "it's"),
        ("!!str 1.0", "1.0"),
        ("!!int 08", "08"),
        ('"null"', "null"),
        ("|\n      one\n      two", "one\ntwo\n"),
        (">-\n      one\n      two", "one two"),
    ],
)
def test_scalar_is_the_text_that_was_written(written: str, text: str) -> None:
    """No number loses a zero and no yes becomes true, in a variable or as a command."""
    rest = f"env:\n  variables:\n    NAME: {written}\n"
    assert read(with_phases(rest)).environment.variables == {"NAME": text}
    phases = f"version: 0.2\nphases:\n  build:\n    commands:\n    - {written}\n"
    assert commands_of(phases) == [text]


def test_text_stands_for_a_list_of_one() -> None:
    """AWS's CDK writes a single command, or a single pattern, without a list."""
    text = """\
version: 0.2
phases: {build: {commands: npm install}}
artifacts: {files: "**/*"}
"""
    assert commands_of(text) == ["npm install"]
    assert read(text).artifacts == Artifacts(3, None, Files(3, ("**/*",)))


@pytest.mark.parametrize("yes", ["yes", "YES", "true", "True", "on", "y", '"yes"'])
def test_yes_has_several_forms(yes: str) -> None:
    """A flag is a boolean of any YAML, or its text."""
    text = with_phases(f"artifacts: {{files: [a], discard-paths: {yes}}}")
    artifacts = read(text).artifacts
    assert artifacts is not None
    assert artifacts.files.discard_paths


def test_anchors_aliases_and_merges_are_resolved() -> None:
    """What stands once may be meant several times; what is nearer wins."""
    text = """\
version: 0.2
env:
  variables:
    <<: [&one {A: 1, B: 1}, &two {B: 2, C: 2}]
    C: 3
phases:
  install: &phase
    commands: &commands
      - &command make
      - *command
  build:
    <<: *phase
    finally: *commands
"""
    found = read(text)
    assert found.environment.variables == {"A": "1", "B": "1", "C": "3"}
    assert found.phases["build"].commands == (Command(9, "make"), Command(9, "make"))
    assert found.phases["build"].finally_ == found.phases["install"].commands


def test_anchor_may_be_given_anew() -> None:
    """An alias means the last anchor before it."""
    text = "version: 0.2\nphases: {build: {commands: [&a one, *a, &a two, *a]}}"
    assert commands_of(text) == ["one", "one", "two", "two"]


def test_lines_of_windows_are_lines() -> None:
    """Line ends do not become part of a command."""
    text = (
        "version: 0.2\r\nphases:\r\n  build:\r\n    commands:\r\n    - |\r\n      a\r\n      b\r\n"
    )
    assert read(text).phases["build"].commands == (Command(5, "a\nb\n"),)


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "the buildspec is no mapping"),
        ("# nothing", 1, "the buildspec is no mapping"),
        ("buildspec.yml", 1, "the buildspec is no mapping"),
        ("version: 0.2", 1, "the buildspec has no phases"),
        ("phases: {}\nversion: 0.3", 2, "'version' is one of 0.1, 0.2, not '0.3'"),
        ("phases: {}\nversion:", 2, "'version' has no value"),
        ("phases: {}\nversion: [0.2]", 2, "'version' is no text"),
        (with_phases("phase: {}"), 3, "'phase' is no key of a buildspec"),
        (with_phases("run-as:"), 3, "'run-as' has no value"),
        (with_phases('run-as: ""'), 3, "'run-as' is empty"),
        (with_phases("env: []"), 3, "'env' is no mapping"),
        (with_phases("env:\n  variable: {}"), 4, "'variable' is no key of env"),
        (with_phases("env:\n  shell: zsh"), 4, "'shell' is bash or /bin/sh, not 'zsh'"),
        (
            with_phases("env:\n  shell: cmd.exe"),
            4,
            "'shell' is cmd.exe: builds of Windows are not run here",
        ),
        (with_phases("env:\n  variables: A=b"), 4, "'variables' is no mapping"),
        (with_phases("env:\n  variables:\n    A:"), 5, "'A' has no value"),
        (with_phases("env:\n  variables:\n    A: [b]"), 5, "'A' is no text"),
        (with_phases("env:\n  variables:\n    A=: b"), 5, "'A=' cannot be the name of a variable"),
        (with_phases('env:\n  variables:\n    "": b'), 5, "'' cannot be the name of a variable"),
        (
            with_phases("env:\n  secrets-manager:\n    CODEBUILD_X: b"),
            5,
            "'CODEBUILD_X' is reserved, as all names that begin with CODEBUILD_",
        ),
        (with_phases('env:\n  parameter-store:\n    A: ""'), 5, "'A' is empty"),
        (
            with_phases("env:\n  exported-variables:\n  - A\n  - AWS_REGION"),
            6,
            "'exported-variables[1]' is AWS_REGION: what begins with AWS_ cannot be exported",
        ),
        (
            with_phases("env:\n  parameter-store: {A: b}\n  exported-variables: [A]"),
            5,
            "'exported-variables[0]' is A: parameters and secrets cannot be exported",
        ),
        (
            with_phases("env:\n  git-credential-helper: maybe"),
            4,
            "'git-credential-helper' is yes or no, not 'maybe'",
        ),
        (with_phases("proxy: yes"), 3, "'proxy' is no mapping"),
        (with_phases("proxy:\n  log: yes"), 4, "'log' is no key of a proxy"),
        (with_phases("proxy:\n  logs: 1"), 4, "'logs' is yes or no, not '1'"),
        (with_phases("batch:\n- build-list"), 3, "'batch' is no mapping"),
        ("version: 0.2\nphases: []", 2, "'phases' is no mapping"),
        ("version: 0.2\nphases:\n  build:", 3, "'build' is no mapping"),
        ("version: 0.2\nphases:\n  build: {}", 3, "'build' has no commands"),
        ("version: 0.2\nphases:\n  build:\n    steps: []", 4, "'steps' is no key of a phase"),
        ("version: 0.2\nphases:\n  build:\n    commands:", 4, "'commands' is no list"),
        (
            "version: 0.2\nphases:\n  build:\n    runtime-versions: {}\n    commands: []",
            4,
            "'runtime-versions' belongs to the phase install",
        ),
        (
            "version: 0.2\nphases:\n  install:\n    runtime-versions:\n      python:",
            5,
            "'python' has no value",
        ),
        (with_phases("reports:\n  a:"), 4, "'a' is no mapping"),
        (with_phases("reports:\n  a: {}"), 4, "'a' has no files"),
        (with_phases("reports:\n  a: {files: [b], name: c}"), 4, "'name' is no key of a report"),
        (
            with_phases("reports:\n  a:\n    files: b\n    file-format: CUCUMBERJSON"),
            6,
            "'file-format' is CUCUMBERJSON: only JUNITXML is read here",
        ),
        (
            with_phases("reports:\n  a:\n    files: b\n    file-format: TAP"),
            6,
            "'file-format' is 'TAP', which is no format of reports",
        ),
        (
            with_phases("reports:\n" + "".join(f"  r{at}: {{files: a}}\n" for at in range(6))),
            9,
            "'r5' is one report too many: 5 are allowed",
        ),
        (with_phases("artifacts: {}"), 3, "'artifacts' has no files"),
        (with_phases("artifacts:\n  type: zip\n  files: a"), 4, "'type' is no key of artifacts"),
        (with_phases("artifacts:\n  files:\n  - a\n  -\n  - b"), 6, "'files[1]' has no value"),
        (with_phases("artifacts:\n  files:\n  - [a]"), 5, "'files[0]' is no text"),
        (
            with_phases("artifacts:\n  secondary-artifacts:\n    a: {name: b}"),
            5,
            "'a' has no files",
        ),
        (
            with_phases("artifacts: {secondary-artifacts: {a: {secondary-artifacts: {}}}}"),
            3,
            "'secondary-artifacts' is no key of artifacts",
        ),
        (with_phases("cache: {}"), 3, "'cache' has no paths"),
        (
            with_phases("cache:\n  paths: a\n  action: both"),
            5,
            "'action' is restore or save, not 'both'",
        ),
        (
            with_phases("cache:\n  paths: a\n  fallback-keys: [a, b, c, d, e, f]"),
            5,
            "'fallback-keys[5]' is one key too many: 5 are allowed",
        ),
        (with_phases("run-as: a\nrun-as: b"), 4, "'run-as' stands in line 3 already"),
        (with_phases("? [a]\n: b"), 3, "'a key' is no text"),
        (with_phases("<<: a"), 3, "'<<' is no mapping"),
        (with_phases("run-as: !Ref User"), 3, "'run-as' has the tag !Ref, which is not known here"),
        (
            with_phases('env:\n  variables: {A: b,\n    B: "c\\0"}'),
            5,
            "'B' contains a character that no program can be given",
        ),
        (
            with_phases('run-as: "\\ud800"'),
            3,
            "'run-as' contains a character that no program can be given",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(text: str, line: int, problem: str) -> None:
    """The error says where it is, what it is about, and why."""
    refused = refusal(text)
    assert (refused.line, refused.problem) == (line, problem)
    assert str(refused) == f"line {line}: {problem}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 0.2\nphases: [", 2),
        ("version: 0.2\nphases: a: b", 2),
        ("version: 0.2\n\tphases: {}", 2),
        ("version: 0.2\nphases: *none", 2),
        ("version: 0.2\n---\nphases: {}", 2),
        ("version: 0.2\nphases: \0", 2),
        ("version: 0.2\nphases: @", 2),
        ("version: 0.2\nphases: {}\nrun-as: 'a", 3),
        ("%YAML 1.9\n---\nversion: 0.2", 1),
        ("%YAML 9.9\n---\nversion: 0.2", 1),
    ],
)
def test_text_that_is_no_yaml_is_refused_by_line(text: str, line: int) -> None:
    """What YAML finds wrong is said with its line."""
    refused = refusal(text)
    assert refused.line == line
    assert refused.problem.startswith("the buildspec is not YAML: ")


def test_message_is_what_codebuild_says() -> None:
    """CodeBuild's own wordings are kept, for those who search for them."""
    commands = 'version: 0.2\n\nphases:\n  build:\n    commands:\n     - echo "Hello: world"\n'
    assert refusal(commands).message == (
        "Expected Commands[0] to be of string type: found subkeys instead at line 6, "
        "value of the key tag on line 5 might be empty"
    )
    assert refusal("version: 0.2\nphases: {artifacts: {}}").message == (
        "Invalid buildspec phase name: artifacts. Expecting: build,install,post_build,pre_build"
    )
    assert refusal("phases: {}").message == "the buildspec has no version at line 1"


@pytest.mark.parametrize("command", ["", "{a: b}", "[a]", "~", "a: b"])
def test_command_that_is_no_text_is_refused(command: str) -> None:
    """A command is one text, also where the command's text looks like something else."""
    text = f"version: 0.2\nphases:\n  build:\n    commands: []\n    finally:\n      - {command}\n"
    refused = refusal(text)
    assert refused.line == 6
    assert refused.problem == "Expected Finally[0] to be of string type: found subkeys instead"


# --- What follows a failure ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ABORT", OnFailure("ABORT")),
        ("CONTINUE", OnFailure("CONTINUE")),
        ("RETRY", OnFailure("RETRY", 3)),
        ("RETRY-0", OnFailure("RETRY", 0)),
        ("RETRY-100", OnFailure("RETRY", 100)),
        ("RETRY-timed? out", OnFailure("RETRY", 3, re.compile("timed? out"))),
        ("RETRY-5-50[23]", OnFailure("RETRY", 5, re.compile("50[23]"))),
        ("RETRY-5x", OnFailure("RETRY", 3, re.compile("5x"))),
        ("RETRY-2-3", OnFailure("RETRY", 2, re.compile("3"))),
        ("RETRY-[[a]", OnFailure("RETRY", 3, re.compile(r"[\[a]"))),
    ],
)
def test_failure_is_followed_by_what_is_written(written: str, meant: OnFailure) -> None:
    """A retry has a count, a pattern, both or neither."""
    text = f"version: 0.2\nphases: {{build: {{commands: [], on-failure: '{written}'}}}}"
    found = read(text).phases["build"].on_failure
    assert found is not None
    assert (found.action, found.retries) == (meant.action, meant.retries)
    assert (found.pattern is None) == (meant.pattern is None)
    if found.pattern and meant.pattern:
        probes = ["timed out", "time out", "502", "5x", "3", "[", "a"]
        assert [bool(found.pattern.search(probe)) for probe in probes] == [
            bool(meant.pattern.search(probe)) for probe in probes
        ]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("abort", "is ABORT, CONTINUE or a form of RETRY, not 'abort'"),
        ("RETRY-", "is ABORT, CONTINUE or a form of RETRY, not 'RETRY-'"),
        ("RETRY3", "is ABORT, CONTINUE or a form of RETRY, not 'RETRY3'"),
        ("RETRY-101", "retries 0 to 100 times, not 101"),
        (f"RETRY-{'9' * 5000}-a", f"retries 0 to 100 times, not {'9' * 5000}"),
        ("RETRY-(", "has no regular expression that can be read: missing ), unterminated"),
        ("RETRY-a{9999999999}", "has no regular expression that can be read: the repetition"),
    ],
)
def test_failure_cannot_be_followed_by_something_else(written: str, problem: str) -> None:
    """A word that is misspelt, a count out of range or half a pattern is refused."""
    text = f"version: 0.2\nphases:\n  build:\n    on-failure: {written}\n    commands: []\n"
    refused = refusal(text)
    assert refused.line == 4
    assert refused.problem.startswith(f"'on-failure' {problem}")


# --- Secrets ---------------------------------------------------------------------------------

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:keys-AbCdEf"


@pytest.mark.parametrize("secret_id", ["keys", "team/keys", ARN])
@pytest.mark.parametrize(
    ("rest", "meant"),
    [
        ("", ("", "", "")),
        (":", ("", "", "")),
        (":key", ("key", "", "")),
        (":key:AWSPREVIOUS", ("key", "AWSPREVIOUS", "")),
        (":key::id", ("key", "", "id")),
        ("::AWSPREVIOUS:", ("", "AWSPREVIOUS", "")),
        (":::id", ("", "", "id")),
    ],
)
def test_secret_is_meant_by_its_parts(
    secret_id: str, rest: str, meant: tuple[str, str, str]
) -> None:
    """All but the secret may be left out, and the colons of an ARN are its own."""
    text = f"{secret_id}{rest}"
    found = read(with_phases(f"env: {{secrets-manager: {{KEY: '{text}'}}}}"))
    assert found.environment.secrets == {"KEY": text}
    assert SecretReference.read(text) == SecretReference(secret_id, *meant)


@pytest.mark.parametrize(
    "reference",
    [":key", "keys:key:stage:id", "keys:a:b::", f"{ARN}::::", "arn:aws:secretsmanager", ARN[:53]],
)
def test_secret_that_nothing_means_is_refused(reference: str) -> None:
    """A reference has a secret, no more than four parts, and one way to choose a version."""
    refused = refusal(with_phases(f"env: {{secrets-manager: {{KEY: '{reference}'}}}}"))
    assert refused.line == 3
    assert refused.problem.startswith("'KEY' ")


# --- Hostile texts ---------------------------------------------------------------------------

LAUGHS = "".join(
    f"l{at}: &l{at} [{', '.join([f'*l{at - 1}'] * 9)}]\n" if at else "l0: &l0 [ha]\n"
    for at in range(30)
)
MERGES = "".join(
    f"m{at}: &m{at} {{<<: [{', '.join([f'*m{at - 1}'] * 9)}]}}\n" if at else "m0: &m0 {a: b}\n"
    for at in range(30)
)


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (LAUGHS, "there are more than 10000 values"),
        (MERGES, "there are more than 10000 values"),
        ("a: [" + "a, " * 10_000 + "]", "there are more than 10000 values"),
        ("a: &a [*a]", "it is nested too deeply, or contains itself"),
        ("a: &a {<<: *a}", "it is nested too deeply, or contains itself"),
        ("a: " + "[" * 2000, "it is nested too deeply, or contains itself"),
    ],
    ids=["laughs", "merges", "long", "itself", "merged", "deep"],
)
def test_text_that_means_too_much_is_refused(rest: str, reason: str) -> None:
    """A small text cannot take the machine's memory."""
    assert refusal(with_phases(rest)).problem.endswith(reason)


# Text that often is YAML, and often nearly a buildspec.
_PIECES = st.sampled_from(
    [
        *("version: 0.2", "phases:", "install:", "build:", "commands:", "env:", "variables:"),
        *("artifacts:", "files:", "reports:", "cache:", "paths:", "on-failure: RETRY-", "A: b"),
        *("- a", "- ", "&x ", "*x", "<<: *x", "!!set {a}", "!Ref ", "%YAML 9.9", "---", "..."),
        *("{", "}", "[", "]", "'", '"', '"\\ud800"', "|", ">+9", "\t", "? ", ": ", "#", "~", "="),
    ]
)
_NEARLY = st.lists(st.tuples(st.integers(0, 4), _PIECES, st.sampled_from(["\n", ""]))).map(
    lambda lines: "".join(f"{' ' * 2 * depth}{piece}{end}" for depth, piece, end in lines)
)


@given(st.one_of(st.text(), _NEARLY))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but BuildspecError comes of a text that is no buildspec."""
    with contextlib.suppress(BuildspecError):
        assert read(text, version="0.2").version in {"0.1", "0.2"}


# --- Round trips -----------------------------------------------------------------------------

# What escapes can write and programs can be given.
_TEXTS = st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\0\x7f")
)
_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: not name.startswith("CODEBUILD_")
)


@given(st.lists(_TEXTS), st.dictionaries(_NAMES, _TEXTS))
def test_texts_come_back_with_their_lines(commands: list[str], variables: dict[str, str]) -> None:
    """Each command is the one that stands in its line, whatever is in it."""
    lines = ["version: 0.2", "phases: {build: {commands: ["]
    lines += [f"  {json.dumps(command)}," for command in commands]
    lines += ["]}}", "env: {variables: ", f"{json.dumps(variables)} }}"]
    found = read("\n".join(lines))
    expected = [Command(at, text) for at, text in enumerate(commands, start=3)]
    assert list(found.phases["build"].commands) == expected
    assert found.environment.variables == variables


_PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)


@given(
    phases=st.dictionaries(st.sampled_from(PHASES), st.lists(_PLAIN | st.just("a\nb\n"))),
    variables=st.dictionaries(_NAMES, _PLAIN),
    files=st.lists(_PLAIN, min_size=1),
    flag=st.booleans(),
)
def test_what_yaml_writes_is_read(
    phases: dict[str, list[str]],
    variables: dict[str, str],
    files: list[str],
    flag: bool,  # noqa: FBT001 -- drawn
) -> None:
    """A buildspec that a program wrote in blocks says what the program meant."""
    spec = {
        "version": "0.2",
        "env": {"variables": variables},
        "phases": {name: {"commands": commands} for name, commands in phases.items()},
        "artifacts": {"files": files, "discard-paths": flag},
    }
    written = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.dump(spec, written)
    found = read(written.getvalue())
    meant = {name: tuple(phases[name]) for name in PHASES if name in phases}
    assert {
        name: tuple(command.text for command in phase.commands)
        for name, phase in found.phases.items()
    } == meant
    assert found.environment.variables == variables
    assert found.artifacts is not None
    assert (found.artifacts.files.patterns, found.artifacts.files.discard_paths) == (
        tuple(files),
        flag,
    )
