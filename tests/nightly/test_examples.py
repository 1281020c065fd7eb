"""What an engineer copies to run the gate every night: workflows and pipelines."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import pytest
from ruamel.yaml import YAML

from pytest_codeartifact import settings
from pytest_codeartifact.codebuild import buildspec

PROJECT_PATH = Path(__file__).parents[2]
BIN_PATH = Path(sys.executable).parent
NIGHTLY_PATH = PROJECT_PATH / "examples" / "nightly"
WORKFLOWS = sorted((NIGHTLY_PATH / "github").glob("*.yml"))
PIPELINE_PATH = NIGHTLY_PATH / "gitlab" / ".gitlab-ci.yml"
BUILDSPEC_PATH = NIGHTLY_PATH / "codebuild" / "buildspec.yml"
FILES = sorted(path for path in NIGHTLY_PATH.rglob("*") if path.is_file())

ACCOUNT = "210987654321"
REGION = "eu-central-1"
SWEEP_OPTIONS = {"--account", "--region", "--delete"}
CALLED = "$/.github/workflows/"


def loaded(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(path)
    return read


def workflow(name: str) -> dict[str, Any]:
    return loaded(NIGHTLY_PATH / "github" / f"{name}.yml")


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow."""
    return [step for job in loaded(path)["jobs"].values() for step in job.get("steps", ())]


def pipeline_jobs() -> dict[str, dict[str, Any]]:
    """The jobs of GitLab's pipeline, each with what it takes from another."""
    read = loaded(PIPELINE_PATH)
    jobs = {name: job for name, job in read.items() if "script" in job}
    return {name: {**read[job["extends"]], **job} for name, job in jobs.items()}


def scripts() -> Iterator[tuple[str, str]]:
    """Each shell text of the examples, with the place where it stands."""
    for path in WORKFLOWS:
        for step in steps(path):
            if "run" in step:
                yield f"{path.name}: {step['name']}", step["run"]
    for name, job in pipeline_jobs().items():
        for at, line in enumerate([*job["before_script"], *job["script"]]):
            yield f".gitlab-ci.yml: {name} {at}", line
    spec = buildspec.read(BUILDSPEC_PATH.read_text(encoding="utf-8"))
    for phase, content in spec.phases.items():
        for at, command in enumerate(content.commands):
            yield f"buildspec.yml: {phase} {at}", command.text


SCRIPTS = dict(scripts())


def lines_with(program: str) -> dict[str, list[str]]:
    """The arguments of each call of a program of the virtual environment, by place."""
    found = {}
    for place, text in SCRIPTS.items():
        for line in text.replace("\\\n", " ").splitlines():
            words = [filled(word) for word in shlex.split(line)]
            if f".venv/bin/{program}" in words:
                found[place] = words[words.index(f".venv/bin/{program}") + 1 :]
    return found


def filled(word: str) -> str:
    """A word with the variables of the jobs in it."""
    names = re.findall(r"\$(\w+)", word)
    values = {name: ACCOUNT if name.endswith("ACCOUNT") else REGION for name in names}
    return Template(word).safe_substitute(values)


GATES = lines_with("pytest")
SWEEPS = lines_with("pytest-codeartifact")


def run(program: str, *arguments: str | Path, text: str = "") -> tuple[int, str]:
    """The exit code of a program and what it printed."""
    done = subprocess.run(
        [program, *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_examples_have_the_same_jobs_everywhere() -> None:
    """GitHub, GitLab and CodeBuild have one gate and one sweep each."""
    systems = {place.partition(":")[0] for place in SCRIPTS}
    assert systems == {"nightly.yml", "sweep.yml", ".gitlab-ci.yml", "buildspec.yml"}
    assert {place.partition(":")[0] for place in GATES} == systems - {"sweep.yml"}
    assert {place.partition(":")[0] for place in SWEEPS} == systems - {"nightly.yml"}


@pytest.mark.parametrize("persona", ["regular", "pedantic"])
def test_workflows_are_safe_to_copy(tmp_path: Path, persona: str) -> None:
    """Zizmor has nothing to say, where the workflows lie as they will in a repository."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for path in WORKFLOWS:
        (folder / path.name).write_bytes(path.read_bytes())

    code, told = run(
        str(BIN_PATH / "zizmor"),
        *("--offline", "--quiet", "--no-ignores", "--format=json", f"--persona={persona}"),
        tmp_path,
    )

    assert json.loads(told) == []
    assert code == 0


def test_safety_check_finds_what_is_unsafe(tmp_path: Path) -> None:
    """The test above can fail: a workflow with a tag instead of a commit is told."""
    path = tmp_path / "nightly.yml"
    text = (NIGHTLY_PATH / "github" / "nightly.yml").read_text(encoding="utf-8")
    path.write_text(re.sub(r"actions/checkout@\w+", "actions/checkout@v7", text))

    code, told = run(str(BIN_PATH / "zizmor"), "--offline", "--quiet", "--format=json", path)

    assert "unpinned-uses" in {each["ident"] for each in json.loads(told)}
    assert code != 0


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.gitlab-ci", [PIPELINE_PATH]),
    ],
    ids=["github", "gitlab"],
)
def test_file_fits_the_schema_of_its_system(schema: str, paths: Sequence[Path]) -> None:
    """Each file is what its system reads, as far as the published schema says."""
    transform = ["--data-transform=gitlab-ci"] if "gitlab" in schema else []

    code, told = run(
        sys.executable,
        *("-m", "check_jsonschema", f"--builtin-schema={schema}", *transform),
        *paths,
    )

    assert (code, told.strip()) == (0, "ok -- validation done")


def test_buildspec_is_one_for_codebuild() -> None:
    """The buildspec keeps the results and shows them as a report."""
    spec = buildspec.read(BUILDSPEC_PATH.read_text(encoding="utf-8"))
    [report] = spec.reports.values()
    assert report.file_format == "JUNITXML"
    assert spec.artifacts is not None
    assert list(spec.phases) == ["install", "build"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """What others could move by a tag is named by its commit, with the version to read."""
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"^\s*(?:- )?uses: (.*)$", text, re.MULTILINE)
    assert used
    for each in used:
        assert each.startswith(CALLED) or re.fullmatch(
            r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each
        )


def test_same_action_has_the_same_commit_everywhere() -> None:
    """No workflow lags behind the other."""
    pairs = {
        tuple(step["uses"].split("@"))
        for path in WORKFLOWS
        for step in steps(path)
        if "uses" in step
    }
    assert len(pairs) == len(dict(pairs)) == 4


def test_called_workflow_is_one_of_the_examples() -> None:
    """The nightly workflow sweeps at its end, however it ended, by the other workflow."""
    sweep = workflow("nightly")["jobs"]["sweep"]
    assert (NIGHTLY_PATH / "github" / sweep["uses"].removeprefix(CALLED)).is_file()
    assert sweep["needs"] == "gate"
    assert "always()" in sweep["if"]
    assert "workflow_call" in workflow("sweep")["on"]


@pytest.mark.parametrize("name", ["nightly", "sweep"])
def test_workflow_starts_by_itself_and_by_hand(name: str) -> None:
    """Nobody has to start it, anybody of the repository can, and no pull request does."""
    started = workflow(name)["on"]
    assert {"schedule", "workflow_dispatch"} <= set(started)
    assert set(started) <= {"schedule", "workflow_dispatch", "workflow_call"}
    [schedule] = started["schedule"]
    assert len(schedule["cron"].split()) == 5
    # Full hours are when everybody's jobs start, and are late.
    assert schedule["cron"].split()[0] not in {"0", "*"}


@pytest.mark.parametrize("name", ["nightly", "sweep"])
def test_workflow_has_no_power_but_to_read_and_to_take_a_role(name: str) -> None:
    """Nothing is permitted to the workflow; its jobs read the repository and get a token."""
    read = workflow(name)
    assert read["permissions"] == {}
    for job in read["jobs"].values():
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_knows_a_lasting_key(path: Path) -> None:
    """Credentials come from a role for an hour: there is no key, and no place for one."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"secret.?access.?key|access.?key.?id|secrets\.|\bA[KS]IA[A-Z0-9]{16}", text, re.IGNORECASE
    )


@pytest.mark.parametrize("name", ["nightly", "sweep"])
def test_role_is_taken_shortly_and_only_in_the_account_meant(name: str) -> None:
    """The role comes from a variable, for an hour at most, and after all is installed."""
    for path in [NIGHTLY_PATH / "github" / f"{name}.yml"]:
        names = [step["name"] for step in steps(path)]
        [taken] = [step for step in steps(path) if "configure-aws" in step.get("uses", "")]
        given = taken["with"]
        assert given["role-to-assume"].startswith("${{ vars.")
        assert given["allowed-account-ids"] == "${{ vars.CODEARTIFACT_ACCOUNT }}"
        assert given["mask-aws-account-id"] is True
        assert 900 <= given["role-duration-seconds"] <= 3600
        assert names.index("Install") < names.index(taken["name"])


def test_concurrency_group_is_constant() -> None:
    """Whatever starts a run, there is one in an account and Region, and none is cancelled."""
    groups = {name: workflow(name)["concurrency"] for name in ("nightly", "sweep")}
    for group in groups.values():
        assert group["cancel-in-progress"] is False
        used = re.findall(r"\$\{\{ (.*?) \}\}", group["group"])
        assert used == ["vars.CODEARTIFACT_ACCOUNT", "vars.CODEARTIFACT_REGION"]
    assert groups["nightly"]["group"] != groups["sweep"]["group"]

    resources = [job["resource_group"] for job in pipeline_jobs().values()]
    assert len(set(resources)) == len(resources) == 2
    for resource in resources:
        used = re.findall(r"\$(\w+)", resource)
        assert used == ["CODEARTIFACT_ACCOUNT", "CODEARTIFACT_REGION"]


def test_every_job_ends_in_time() -> None:
    """A job that hangs is ended, and before that the run is told to clean up."""
    minutes = [
        job["timeout-minutes"]
        for path in WORKFLOWS
        for job in loaded(path)["jobs"].values()
        if "steps" in job
    ]
    minutes += [int(job["timeout"].removesuffix(" minutes")) for job in pipeline_jobs().values()]
    assert len(minutes) == 4
    assert all(0 < each <= 60 for each in minutes)
    for place in GATES:
        told, killed = re.findall(
            r"timeout --signal=INT --kill-after=(\d+)m (\d+)m", SCRIPTS[place]
        )[0]
        # With room for the installation, and within the hour that the role is given for.
        assert int(told) + int(killed) + 5 <= 55


def test_gitlab_gives_a_token_and_no_key() -> None:
    """The jobs exchange a token of their own for the role, in a file that only they can read."""
    for job in pipeline_jobs().values():
        assert job["id_tokens"] == {"AWS_ID_TOKEN": {"aud": "sts.amazonaws.com"}}
        assert job["variables"]["AWS_ROLE_ARN"].startswith("$CODEARTIFACT_")
        assert any("mktemp" in line for line in job["before_script"])
        assert job["interruptible"] is False


def test_gitlab_sweeps_by_a_variable_and_after_each_gate() -> None:
    """The hourly pipeline has the sweep alone, the nightly one has it after the gate."""
    gate, sweep = pipeline_jobs()["gate"], pipeline_jobs()["sweep"]
    assert gate["rules"] == [{"if": '$SWEEP != "yes"'}]
    assert sweep["rules"] == [{"when": "always"}]
    stages = loaded(PIPELINE_PATH)["stages"]
    assert stages.index(gate["stage"]) < stages.index(sweep["stage"])


def test_results_are_kept_however_the_run_ends() -> None:
    """Reports, parity records and JUnit lie below the folder that is kept, also when it is red."""
    [kept] = [
        step
        for step in steps(NIGHTLY_PATH / "github" / "nightly.yml")
        if "upload-artifact" in step.get("uses", "")
    ]
    assert kept["if"] == "${{ always() }}"
    assert kept["with"]["path"] == "results"
    artifacts = pipeline_jobs()["gate"]["artifacts"]
    assert (artifacts["when"], artifacts["paths"]) == ("always", ["results"])
    for words in GATES.values():
        written = [
            word.partition("=")[2]
            for word in words
            if re.match(r"--codeartifact-(report|parity)=|--junitxml=", word)
        ]
        assert written == ["results/parity", "results", "results/junit.xml"]


@pytest.mark.parametrize("place", SCRIPTS)
def test_shell_can_read_what_is_run(place: str) -> None:
    """Each script is one, and nothing that others can write is pasted into it."""
    assert run("sh", "-n", text=SCRIPTS[place]) == (0, "")
    assert "${{" not in SCRIPTS[place]


@pytest.mark.parametrize("place", GATES)
def test_options_of_the_gate_are_the_plugins(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Pytest takes the line as it stands, and it says all that a real account needs."""
    for name in settings.endpoint_variables():
        monkeypatch.delenv(name)

    config = pytester.parseconfig(*GATES[place])
    settings.check(config)

    chosen = settings.read(config)
    assert chosen.is_on_account
    assert chosen.accounts == (ACCOUNT,)
    assert chosen.region.value == REGION
    assert chosen.on_account.budget.value == 1.0
    assert chosen.on_account.keep.value is False


def test_gates_differ_in_nothing() -> None:
    """The same run everywhere: nobody has to compare the three files."""
    assert len({tuple(words) for words in GATES.values()}) == 1


@pytest.mark.parametrize("place", SWEEPS)
def test_options_of_the_sweep_are_the_commands(place: str) -> None:
    """The sweep names account and Region, and deletes."""
    command, *words = SWEEPS[place]
    assert command == "sweep"
    assert {word for word in words if word.startswith("--")} == SWEEP_OPTIONS
    assert {word for word in words if not word.startswith("--")} == {ACCOUNT, REGION}


def test_variables_of_the_jobs_are_explained() -> None:
    """Each variable that somebody has to set stands in the instructions, and no other."""
    used = {
        name
        for path in (*WORKFLOWS, PIPELINE_PATH, BUILDSPEC_PATH)
        for name in re.findall(r"CODEARTIFACT_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    told = re.findall(r"`(CODEARTIFACT_[A-Z_]+)`", instructions())
    assert set(told) == used


def test_instructions_name_every_file_and_environment() -> None:
    """Whoever reads only the README of the folder finds all that is in it."""
    text = instructions()
    files = [path.relative_to(NIGHTLY_PATH).as_posix() for path in FILES if path.suffix != ".tf"]
    assert [each for each in files if each != "README.md" and f"`{each}`" not in text] == []
    assert "`terraform/`" in text
    environments = {
        job["environment"]
        for path in WORKFLOWS
        for job in loaded(path)["jobs"].values()
        if "environment" in job
    }
    assert environments == {"aws-nightly", "aws-sweep"}
    assert all(f"`{each}`" in text for each in environments)


def instructions() -> str:
    return (NIGHTLY_PATH / "README.md").read_text(encoding="utf-8")


def test_sweep_runs_more_often_than_things_live() -> None:
    """What a night leaves behind is gone long before the next one."""
    every: Mapping[str, Any] = workflow("sweep")["on"]["schedule"][0]
    assert every["cron"].split()[1:] == ["*", "*", "*", "*"]
