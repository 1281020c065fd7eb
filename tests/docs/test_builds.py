"""The builds that pages show are run as they stand, and pages say of builds what the code does."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact import cli, codebuild
from pytest_codeartifact.codebuild import (
    buildspec,
    buildspec_environment,
    buildspec_outputs,
    buildspec_phases,
    environment,
    junit,
    log,
    preparing,
    runner,
    runtimes,
    yaml_nodes,
)
from pytest_codeartifact.emulator import builds
from pytest_codeartifact.emulator.api import model
from pytest_codeartifact.emulator.builds import (
    powers,
    project_settings,
    reports,
    scheduling,
    sources,
    unpacking,
)
from pytest_codeartifact.emulator.builds.machine import MOST_CASES, Job
from pytest_codeartifact.emulator.builds.operations import SERVICE, discover
from pytest_codeartifact.emulator.configuration import Configuration
from pytest_codeartifact.transcripts.matching import Matched, compare

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.packages import SamplePackage

PROJECT_PATH = Path(__file__).parents[2]
README = PROJECT_PATH / "README.md"
GUIDE = PROJECT_PATH / "docs" / "how-to" / "run-builds.md"
KEYS = PROJECT_PATH / "docs" / "reference" / "buildspec.md"
RECORDS = PROJECT_PATH / "docs" / "reference" / "codebuild.md"
COMMAND = "pytest-codeartifact build"
# What is another one in each run, and what is read in its place.
_VARYING = {
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6}": "TIME",
    r" +\d+\.\d s\b": " SECONDS",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "UUID",
    r"pca-[0-9a-f]{6}-\d+": "NAME",
}


# --- What is shown, run ----------------------------------------------------------------------


def evened(text: str) -> str:
    for pattern, name in _VARYING.items():
        text = re.sub(pattern, name, text)
    return text


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def files_of(page: Path) -> Mapping[str, str]:
    """The files that a page gives, by their names."""
    form = r"^<!-- file: (\S+) -->\n\n```\S*\n(.*?)^```$"
    return dict(re.findall(form, read(page), re.MULTILINE | re.DOTALL))


def transcripts(page: Path) -> list[tuple[str, str]]:
    """Commands that build, and what they print, as a page shows it."""
    form = rf"^```text\n\$ ({COMMAND} [^\n]*)\n(.*?)^```$"
    return re.findall(form, read(page), re.MULTILINE | re.DOTALL)


SHOWN = [
    pytest.param(command, output, id=f"{page.name}:{command}")
    for page in (README, GUIDE)
    for command, output in transcripts(page)
]


@pytest.fixture
def served(codeartifact_private: "EmulatorTarget", tmp_path: Path) -> Mapping[str, str]:
    """The environment of a user who has started this server, with the files of the guide."""
    home, access = tmp_path / "home", codeartifact_private.environment()
    ready = {
        "endpoint_url": codeartifact_private.endpoint_url,
        "account": codeartifact_private.account,
        "region": codeartifact_private.region,
        "access_key_id": access["AWS_ACCESS_KEY_ID"],
        "secret_access_key": access["AWS_SECRET_ACCESS_KEY"],
    }
    # Where Linux and macOS keep the state of programs.
    for folder in (home / ".local" / "state", home / "Library" / "Application Support"):
        write(folder / "pytest-codeartifact" / "server.json", json.dumps(ready))
    for name, text in files_of(GUIDE).items():
        write(tmp_path / name, text)
    return {"HOME": str(home), "PATH": os.environ["PATH"], **access}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(arguments: list[str], folder: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def test_transcripts_of_builds_are_found() -> None:
    """The guide shows a build that fails and one that does not, the README the first of them."""
    assert len(transcripts(README)) == 1
    assert len(transcripts(GUIDE)) == 2


@pytest.mark.parametrize(("command", "shown"), SHOWN)
def test_transcript_of_a_build_is_what_happens(
    command: str,
    shown: str,
    served: Mapping[str, str],
    tmp_path: Path,
    codeartifact_private: "EmulatorTarget",
    make_codeartifact_package: "Callable[..., SamplePackage]",
) -> None:
    """The command runs on the files of the guide, and prints what the page shows."""
    workspace = codeartifact_private.workspace()
    repository = workspace.repository(workspace.domain("demo"), "store")
    repository.upload(make_codeartifact_package("hello-store").wheel)
    words = shlex.split(command)[1:]

    code, output = run(["-m", "pytest_codeartifact", *words], tmp_path, served)

    outcome = compare(evened(shown).splitlines(), evened(output), {})
    assert isinstance(outcome, Matched), output
    assert code == int("FAILED" in shown)


def test_script_of_the_guide_prints_what_it_shows(
    served: Mapping[str, str], tmp_path: Path
) -> None:
    """A build by boto3 alone: log and artifact are read back."""
    form = r"^python3 build.py\n```\n\n```text\n(.*?)^```$"
    [shown] = re.findall(form, read(GUIDE), re.MULTILINE | re.DOTALL)

    assert run(["build.py"], tmp_path, served) == (0, shown)


@pytest.mark.parametrize("line", re.findall(rf"^{COMMAND} (.*)$", read(GUIDE), re.MULTILINE))
def test_further_command_is_understood(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each further command of the guide is one that the program takes."""
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)

    options = cli._parser().parse_args(["build", *shlex.split(line)])

    assert options.folder == Path("demo")


# --- What is said, compared ------------------------------------------------------------------


def rows(heading: str, page: Path = KEYS) -> list[list[str]]:
    """The cells of each row of the table whose first column is headed so."""
    found = re.search(
        rf"^\| {re.escape(heading)} \|.*\n\| ---.*\n((?:\|.*\n)+)", read(page), re.MULTILINE
    )
    assert found is not None
    return [
        [cell.strip().removeprefix("`").removesuffix("`") for cell in line[1:-1].split(" | ")]
        for line in found[1].splitlines()
    ]


def test_keys_are_documented() -> None:
    """Each key that is read has its row, and no other key has one."""
    assert sorted(cells[0] for cells in rows("key")) == sorted(keys())


def keys() -> set[str]:
    """Every key that the code reads, from the top of a buildspec down."""
    nested = {
        "env": buildspec_environment._KEYS,
        "phases.*": buildspec_phases._KEYS,
        "reports.*": buildspec_outputs._REPORT_KEYS,
        "artifacts": buildspec_outputs._ARTIFACTS_KEYS,
        "cache": buildspec_outputs._CACHE_KEYS,
        "proxy": {"upload-artifacts", "logs"},
        "environment_variables": {"plaintext"},
    }
    without_others = {"version", "run-as", "batch", "phases"}
    assert {name.removesuffix(".*") for name in nested} | without_others == (
        buildspec._VERSIONS["0.1"] | buildspec._VERSIONS["0.2"]
    )
    return without_others | {f"{name}.{key}" for name, below in nested.items() for key in below}


@pytest.mark.parametrize(("piece", "told"), rows("the buildspec has"))
def test_refusal_is_worded_as_documented(piece: str, told: str) -> None:
    """A buildspec with the piece is refused with the sentence beside it."""
    lines = {"version": "version: 0.2", "phases": "phases: {build: {commands: [ls]}}"}
    lines[piece.partition(":")[0]] = piece

    with pytest.raises(buildspec.BuildspecError) as refused:
        buildspec.read("\n".join(lines.values()))

    assert refused.value.message.partition(" at line ")[0] == told


def test_runtimes_are_documented() -> None:
    """Each runtime that can be chosen is named."""
    text = read(KEYS).partition("\n## Runtimes\n")[2].partition("\n## ")[0]
    assert [name for name in runtimes._PROGRAMS if f"`{name}`" not in text] == []


def test_status_codes_are_documented() -> None:
    """Each code of a failed phase has its row, and no other code has one."""
    assert sorted(cells[0] for cells in rows("status code of a phase")) == sorted(codes())


def codes() -> set[str]:
    """What the code gives to problems and contexts first, spelt there or by a name."""
    found = set()
    for folder in (*codebuild.__path__, *builds.__path__):
        for path in Path(folder).glob("*.py"):
            tree = ast.parse(read(path))
            constants = {
                ast.unparse(each.targets[0]): ast.unparse(each.value)
                for each in tree.body
                if isinstance(each, ast.Assign)
            }
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and call.args and _MAKERS.match(ast.unparse(call)):
                    first = ast.unparse(call.args[0])
                    found.add(constants.get(first, first).strip("'"))
    return {code for code in found if re.fullmatch(r"[A-Z]+(_[A-Z]+)+|[A-Z][A-Za-z ]+ Error", code)}


_MAKERS = re.compile(
    r"BuildProblem\(|SourceError\(|ArtifactError\(|Context\(|super\(\)\.__init__\("
)


def test_variables_are_documented(tmp_path: Path) -> None:
    """Each variable that a build is told of itself has its row, and no other one has."""
    job = Job(
        folder="",
        build_arn="",
        build_id="project:uuid",
        number=1,
        project="project",
        region="",
        initiator="",
        image="",
        started=0.0,
        encryption_key="",
        log_stream="",
        endpoint_url="",
        credentials_url="",
        credentials_token="",
        source_location="bucket/key.zip",
        source_version="version",
    )
    told = {name for cells in rows("variable") for name in re.findall(r"[A-Z_]+", cells[0])}
    assert told == set(environment.variables(job, tmp_path))


def minutes(member: str, default: int) -> list[int]:
    """The bounds of a project's timeout, and what it is where nobody says it."""
    shape = model.operations(SERVICE)["CreateProject"].input_shape
    assert shape is not None
    bounds = shape.members[member].metadata
    return [bounds["min"], bounds["max"], default]


LIMITS = {
    "log of what commands print": [log.MOST_OUTPUT // 2**20, log.LINE_COST],
    "exported variable": [runner._MOST_EXPORTED],
    "processes of a build": [preparing.MOST_PROCESSES],
    "builds that run": [Configuration(Path()).builds_at_once],
    "builds that wait": [scheduling._WAITING_FOR_ONE],
    "time to run": minutes("timeoutInMinutes", project_settings._TIMEOUT),
    "time to wait": minutes("queuedTimeoutInMinutes", project_settings._QUEUED_TIMEOUT),
    "values in a buildspec": [yaml_nodes.MOST_NODES],
    "buildspec": [sources.BUILDSPEC_BYTES // 2**20],
    "ZIP or folder of S3 as source, artifacts": [
        unpacking.MOST_FILES,
        unpacking.MOST_BYTES // 2**30,
    ],
    "reports of a buildspec": [buildspec_outputs._MOST_REPORTS],
    "JUnit file": [junit.MOST_BYTES // 2**20, junit.MOST_CASES, MOST_CASES],
    "life of a report": [reports.LIFETIME_SECONDS // (24 * 3600)],
}


@pytest.mark.parametrize("what", LIMITS)
def test_limit_is_documented(what: str) -> None:
    """The numbers of a limit stand in its row."""
    told = {cells[0]: cells[1] for cells in rows("limit of")}
    assert [int(number) for number in re.findall(r"\b\d+\b", told[what])] == LIMITS[what]
    assert told.keys() == LIMITS.keys()


def test_permissions_of_the_service_role_are_documented() -> None:
    """Each action that CodeBuild needs of a role stands in the reference, and no other one."""
    section = read(RECORDS).partition("\n## Service role\n")[2].partition("\n## ")[0]
    form = r"\b((?:logs|s3|ssm|secretsmanager):[A-Z]\w+)\b"
    told = set(re.findall(form, section))
    assert told == set(re.findall(form, read(Path(powers.__file__))))
    reporting = {*powers._FILLING_A_REPORT, "CreateReportGroup"}
    assert set(re.findall(r"codebuild:([A-Z]\w+)", section)) == reporting


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_number_of_codebuilds_operations_is_told(name: str) -> None:
    """The pages that count CodeBuild's operations count right."""
    text = " ".join(read(PROJECT_PATH / name).split())
    assert (
        f"{len(discover())} of the {len(model.operations(SERVICE))} operations of its API" in text
    )
