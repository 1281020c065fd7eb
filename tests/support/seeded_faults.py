"""A pytest plugin that breaks one thing about the built-in article: `--seeded-fault=KIND`.

Runs of pytest in tests load it with `-p tests.support.seeded_faults`. What it breaks is the
article's world, never the code that is tested: a file that readers write, the repository, the
role's policy; or it plants a token where a careless report would show it.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_codeartifact.article import items
from pytest_codeartifact.article.materials import Material, Materials
from pytest_codeartifact.article.plan import Plan, plan_for
from pytest_codeartifact.transcripts.blocks import Command, ShownFile, Step

GREETING = "hello from CodeArtifact package"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option."""
    parser.addoption("--seeded-fault", choices=sorted(FAULTS), help="what to break")


def pytest_configure(config: pytest.Config) -> None:
    """Let articles be read with the fault in them."""
    kind = config.getoption("seeded_fault")
    if kind is None:
        return
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    fault = FAULTS[kind]

    def seeded(path: Path, name: str) -> Plan:
        return fault(plan_for(path, name))

    patch.setattr(items, "plan_for", seeded)


def greeting(plan: Plan) -> Plan:
    """The package says something else."""

    def changed(step: Step) -> Step:
        actions = tuple(
            replace(each, text=each.text.replace(GREETING, "hello from elsewhere"))
            if isinstance(each, ShownFile)
            else each
            for each in step.actions
        )
        return replace(step, actions=actions)

    return replace(plan, steps=tuple(changed(step) for step in plan.steps))


def repository(plan: Plan) -> Plan:
    """The repository is gone after the third step."""
    gone = "aws codeartifact delete-repository --domain awscicd --repository demo-repo"
    return _after(plan, 2, Command(line=0, text=f"{gone} >/dev/null"))


def permission(plan: Plan) -> Plan:
    """The role's policy lacks one of its actions."""
    policy = plan.materials.blocks["policy"]
    text = policy.text.replace('"codeartifact:GetRepositoryEndpoint",', "")
    assert text != policy.text
    blocks = {**plan.materials.blocks, "policy": Material(text, policy.line)}
    return replace(plan, materials=Materials(blocks))


def token(plan: Plan) -> Plan:
    """A command shows the token that login wrote, in all its forms, and fails."""
    shown = (
        "cat ~/.pypirc; sed -n 's/^password = //p' ~/.pypirc > requirements-leak.txt; "
        "cat requirements-leak.txt >&2; false"
    )
    return _after(plan, 3, Command(line=0, text=shown))


def _after(plan: Plan, at: int, command: Command) -> Plan:
    steps = list(plan.steps)
    steps[at] = replace(steps[at], actions=(*steps[at].actions, command))
    return replace(plan, steps=tuple(steps))


FAULTS: dict[str, Callable[[Plan], Plan]] = {
    each.__name__: each for each in (greeting, repository, permission, token)
}
