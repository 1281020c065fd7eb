"""The gate end to end, as a platform engineer runs it, on what plays AWS."""

import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gating import AFTER_A_CRASH, SECONDS, TESTS, Gate, actions_in, policy, wait_for

if TYPE_CHECKING:
    import subprocess

MakeGate = Callable[..., Gate]
HANGING = """
    import pathlib, time, pytest


    @pytest.mark.parametrize("number", range(2))
    def test_hanging(codeartifact_repository, make_codeartifact_domain, number):
        make_codeartifact_domain()
        pathlib.Path(f"made-{number}").touch()
        time.sleep(120)
"""


# --- The whole of it -----------------------------------------------------------------------------


def test_gate_holds_where_aws_throttles_and_lists_late(make_gate: MakeGate) -> None:
    """Every fifth call throttled, listings and roles late: green, told what it took, nothing left.

    Steps, checks with and without builds, and probes; the rest differs in what is asked alone.
    """
    gate = make_gate()
    gate.stand_in.play("throttle", every=5)
    gate.stand_in.play("lag", seconds=1.5)
    gate.stand_in.play("late-roles", seconds=1.0)
    code, output = gate.run("-k", "15-nothing or C21 or C24 or C26 or C32 or statuses")
    assert code == 0, output
    assert "left        nothing" in output
    assert "throttled" in output
    assert "waited" in output
    gate.stand_in.quiet()
    assert gate.stand_in.remaining() == []


def test_whole_gate_holds_with_exactly_the_shipped_policies(make_gate: MakeGate) -> None:
    """Article and probes in two processes: green, nothing left, and each action is used.

    No account's id is in what is printed or written.
    """
    gate = make_gate()
    gate.stand_in.reset_journal()
    code, output = gate.run("-n2", "--codeartifact-report=results", "--codeartifact-budget=5")
    assert code == 0, output
    assert "left        nothing" in output
    assert gate.stand_in.remaining() == []
    assert gate.stand_in.account not in output
    for path in (gate.folder / "results").iterdir():
        assert gate.stand_in.account not in path.read_text(encoding="utf-8"), path
    # --- least privilege: neither too few nor too many
    used = gate.stand_in.actions_of("gate-runner")
    shipped = actions_in(policy("runner", gate.stand_in))
    assert sorted(used - shipped) == []
    assert sorted(shipped - used) == sorted(AFTER_A_CRASH)


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("codeartifact:AssociateExternalConnection", ["-k", "03-"]),
        ("codeartifact:GetAuthorizationToken", ["-k", "04-"]),
        ("iam:PassRole", ["-k", "C21"]),
        ("iam:CreateRole", ["test_own.py", "-k", "role"]),
        ("codeartifact:PublishPackageVersion", ["test_own.py", "-k", "upload"]),
    ],
)
def test_policy_is_minimal_and_what_it_lacks_is_named(
    make_gate: MakeGate, action: str, arguments: list[str]
) -> None:
    """With one action taken away, the step that needs it fails and names it; nothing stays."""
    gate = make_gate(without=action)
    code, output = gate.run(*arguments)
    assert code == 1, output
    assert f"not authorized to perform: {action}" in " ".join(output.split())
    assert gate.stand_in.remaining() == []


PROGRAMS = """
    def test_programs(codeartifact_repository, codeartifact_package, codeartifact_tools):
        codeartifact_repository.upload(codeartifact_package.wheel)
        codeartifact_tools.connect(codeartifact_repository.connection)
        codeartifact_tools.virtualenv("clean").pip("install", codeartifact_package.name)
        said = codeartifact_tools.aws.run(
            "codeartifact", "describe-domain", "--domain", codeartifact_repository.domain.name
        )
        assert codeartifact_repository.domain.arn in said.stdout


    def test_emulator(codeartifact_emulator):
        raise AssertionError


    def test_alone(codeartifact_private):
        raise AssertionError
"""


def test_fixtures_are_the_same_on_an_account(make_gate: MakeGate) -> None:
    """Programs of one's own tests reach the account; what needs the emulator is skipped."""
    gate = make_gate(PROGRAMS)
    code, output = gate.run("test_own.py", "-rs")
    assert code == 0, output
    assert "1 passed, 2 skipped" in output
    assert "this needs the emulator" in output
    assert gate.stand_in.remaining() == []


# --- Ends that nobody wants ----------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["sigint", "sigterm"])
def test_teardown_after_a_signal_leaves_nothing(
    make_gate: MakeGate, number: signal.Signals
) -> None:
    """Ctrl-C and the end that CI brings remove everything, and the run is not green."""
    gate = make_gate(HANGING)
    process = gate.start("test_own.py")
    wait_for(gate.folder / "made-0")
    process.send_signal(number)
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2, output
    assert "left        nothing" in output
    assert gate.stand_in.remaining() == []


def test_teardown_after_the_crash_of_a_worker_leaves_nothing(make_gate: MakeGate) -> None:
    """What a killed process of the run made is removed by the main process."""
    gate = make_gate(HANGING.replace("time.sleep(120)", "import os; os.kill(os.getpid(), 9)"))
    code, output = gate.run("test_own.py", "-n", "2", "--max-worker-restart=0")
    assert code != 0, output
    assert "crashed" in output
    assert "left        nothing" in output
    assert gate.stand_in.remaining() == []


def test_teardown_after_a_collection_error_and_exitfirst_leaves_nothing(
    make_gate: MakeGate,
) -> None:
    """A file that cannot be imported, and -x, end the run as cleanly as any other end."""
    gate = make_gate(TESTS + "    def test_bad(codeartifact_repository):\n        assert False\n")
    code, output = gate.run("test_own.py", "-x", "-k", "bad")
    assert (code, "left        nothing" in output) == (1, True), output
    (gate.folder / "test_broken.py").write_text("import nothing_there\n")
    code, output = gate.run("test_own.py", "test_broken.py")
    assert (code, "left        nothing" in output) == (2, True), output
    assert gate.stand_in.remaining() == []


def test_teardown_goes_on_after_a_crash_of_somebody_elses_end(make_gate: MakeGate) -> None:
    """When another plugin fails at the end of the session, the account is cleaned up yet."""
    gate = make_gate()
    (gate.folder / "conftest.py").write_text(
        "def pytest_sessionfinish():\n    raise RuntimeError('another end')\n"
    )
    code, output = gate.run("test_own.py", "-k", "upload")
    assert code != 0, output
    assert "another end" in output
    assert gate.stand_in.remaining() == []


def test_sweep_removes_exactly_what_a_killed_run_left(make_gate: MakeGate) -> None:
    """After `kill -9` of the main process the sweep takes that run's things, and spares all others.

    Spared are a stranger's domain with a name like ours, and a run that has not expired.
    """
    gate = make_gate(HANGING)
    admin = gate.stand_in.admin("codeartifact")
    admin.create_domain(domain="pca-strangers")
    killed = gate.start("test_own.py", "-k", "0", "--codeartifact-lifetime=1m")
    wait_for(gate.folder / "made-0")
    killed.kill()
    killed.communicate(timeout=SECONDS)
    running = gate.start("test_own.py", "-k", "1", "--codeartifact-lifetime=4h")
    wait_for(gate.folder / "made-1")
    left = {name for name in gate.stand_in.remaining() if "strangers" not in name}
    assert left
    code, told = gate.sweep()
    assert code == 0
    assert {each["action"] for each in told["found"]} == {"kept"}
    of_killed = {each["name"] for each in told["found"] if each["run"]} - {"pca-strangers"}
    assert of_killed
    runs = {each["run"] for each in told["found"] if each["run"]}
    assert len(runs) == 2
    [killed_run] = [
        run
        for run in runs
        if any(each["run"] == run and each["kind"] == "domain" for each in told["found"])
        and not _is_alive(running, told, run)
    ]
    code, told = gate.sweep("--run", killed_run, "--delete")
    assert code == 0
    assert {each["run"] for each in told["found"] if each["action"] == "deleted"} == {killed_run}
    code, again = gate.sweep("--run", killed_run, "--delete")
    assert (code, again["found"]) == (0, [])
    after = gate.stand_in.remaining()
    assert not [name for name in after if killed_run in name]
    assert "pca-strangers" in " ".join(after)
    assert [name for name in after if "strangers" not in name]
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=SECONDS)
    assert "left        nothing" in output
    admin.delete_domain(domain="pca-strangers")
    assert gate.stand_in.remaining() == []


def _is_alive(running: "subprocess.Popen[str]", told: Mapping[str, Any], run: str) -> bool:
    """Whether a run is the one that goes on: the one that expires last."""
    assert running.poll() is None
    ends = {each["run"]: each["expires"] for each in told["found"] if each["run"]}
    return bool(ends[run] == max(ends.values()))


def test_two_runs_same_account_do_not_meet(make_gate: MakeGate) -> None:
    """Two runs at once make nothing by the same name, and neither removes what is the other's."""
    gate = make_gate()
    processes = [gate.start("test_own.py") for _ in range(2)]
    for process in processes:
        output, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, output
        assert "2 passed" in output
        assert "left        nothing" in output
    assert gate.stand_in.remaining() == []


def test_aws_header_says_who_works_where_before_anything_is_made(make_gate: MakeGate) -> None:
    """Identity, masked account, Region, prefix and room are shown; so far nothing is written."""
    gate = make_gate()
    gate.stand_in.reset_journal()
    code, output = gate.run("test_own.py", "--collect-only", "--codeartifact-budget=0.5")
    assert code == 0, output
    account = f"********{gate.stand_in.account[-4:]}"
    assert f"identity arn:aws:sts::{account}:assumed-role/gate-runner/nightly" in output
    assert f"region {gate.stand_in.region} (from option), account {account}" in output
    assert "codeartifact names: pca-20" in output
    assert "domains 0 of 10, room for 10, budget 0.50 USD" in output
    made = {each for each in gate.stand_in.actions_of("gate-runner") if ":Create" in each}
    assert made == set()


# --- Guards --------------------------------------------------------------------------------------


def test_aws_guard_refuses_before_anything_is_made(make_gate: MakeGate) -> None:
    """An account that is not listed is refused with exit code 4, and nothing was asked but who."""
    gate = make_gate()
    gate.stand_in.reset_journal()
    code, output = gate.run("test_own.py", account="999988887777")
    assert code == 4, output
    assert "only ********7777 may be worked in" in output
    assert gate.stand_in.actions_of("gate-runner") == set()


def test_quota_preflight_refuses_at_eight_of_ten(make_gate: MakeGate) -> None:
    """Where there is no room for a run's domains, nothing is begun."""
    gate = make_gate()
    admin = gate.stand_in.admin("codeartifact")
    names = [f"others-{number}" for number in range(8)]
    for name in names:
        admin.create_domain(domain=name)
    code, output = gate.run("test_own.py")
    for name in names:
        admin.delete_domain(domain=name)
    assert code == 4, output
    assert "the account has 8 of 10 domains" in output
    assert "pytest-codeartifact sweep --delete" in output


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("[profile job]\nregion = eu-west-1\n", "no AWS credentials"),
        ("[profile job]\nrole_arn = arn:aws:iam::210987654321:role/x\n", "no AWS credentials"),
        ("[profile job]\ncredential_process = false\n", "no AWS credentials"),
        ("[profile other]\nregion = eu-west-1\n", "unset AWS_PROFILE"),
        ("[profile job]\nendpoint_url = http://127.0.0.1:1\n", "would lead calls away from AWS"),
    ],
)
def test_credentials_guard_says_what_to_do(make_gate: MakeGate, profile: str, said: str) -> None:
    """No credentials, no such profile, or one that redirects: a sentence, and exit code 4."""
    gate = make_gate()
    path = gate.folder / "aws-config"
    path.write_text(profile)
    gate.credentials = {"AWS_CONFIG_FILE": str(path), "AWS_PROFILE": "job"}
    code, output = gate.run("test_own.py")
    assert code == 4, output
    assert said in output
    assert "Traceback" not in output


def test_credential_sources_are_those_of_boto3_and_none_is_copied(make_gate: MakeGate) -> None:
    """A profile whose credentials come from a process works, and no file holds them afterwards."""
    gate = make_gate()
    secret = gate.credentials["AWS_SECRET_ACCESS_KEY"]
    told = {"Version": 1, "AccessKeyId": gate.credentials["AWS_ACCESS_KEY_ID"]}
    told |= {"SecretAccessKey": secret, "SessionToken": gate.credentials["AWS_SESSION_TOKEN"]}
    script = gate.folder / "credentials.py"
    script.write_text("import os\nprint(os.environ['TOLD'])\n")
    config = gate.folder / "aws-config"
    config.write_text(f"[profile job]\ncredential_process = {sys.executable} {script}\n")
    gate.credentials = {
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "job",
        "TOLD": json.dumps(told),
    }
    code, output = gate.run("test_own.py", "-k", "upload", "--junitxml=junit.xml", "-l")
    assert code == 0, output
    assert secret not in output
    for path in gate.folder.rglob("*"):
        assert not path.is_file() or secret not in path.read_text("latin-1"), path


# --- What it may cost, and what it is for --------------------------------------------------------


def test_budget_ends_the_run_before_it_is_passed(make_gate: MakeGate) -> None:
    """The request that would cost too much is not made; what was made before is removed."""
    gate = make_gate()
    code, output = gate.run("test_own.py", "--codeartifact-budget=0.0001")
    assert code != 0, output
    assert "its budget is 0.0001 USD" in output
    assert "budget of --codeartifact-budget is used up" in output
    assert gate.stand_in.remaining() == []


def test_kept_things_are_told_with_how_they_go(make_gate: MakeGate) -> None:
    """With --codeartifact-keep the run's domain stays, and the command that removes it works."""
    gate = make_gate()
    code, output = gate.run("test_own.py", "-k", "upload", "--codeartifact-keep")
    assert code == 0, output
    assert "kept        domain pca-" in output
    [run] = {
        line.partition("--run ")[2].split()[0] for line in output.splitlines() if "--run" in line
    }
    assert gate.sweep("--run", run, "--delete")[0] == 0
    assert gate.stand_in.remaining() == []


SKIPPED = """
    import pytest


    @pytest.mark.skip(reason="not today")
    def test_one():
        raise AssertionError
"""


def test_gate_in_which_nothing_ran_has_failed(make_gate: MakeGate) -> None:
    """Skipping everything is no success, nor is selecting nothing."""
    gate = make_gate(SKIPPED)
    code, output = gate.run("test_own.py")
    assert (code, "nothing ran" in output) == (5, True), output
    code, output = gate.run("-k", "nothing_matches")
    assert code == 5, output


def test_add_mask_comes_before_anything_else_in_actions(make_gate: MakeGate) -> None:
    """In GitHub Actions the runner is told to mask the account before it is first printed."""
    gate = make_gate()
    gate.credentials = {**gate.credentials, "GITHUB_ACTIONS": "true"}
    _, output = gate.run("test_own.py", "-k", "upload")
    before, mask, after = output.partition(f"::add-mask::{gate.stand_in.account}\n")
    assert mask
    assert gate.stand_in.account not in before + after
