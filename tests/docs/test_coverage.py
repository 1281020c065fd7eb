import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from pytest_codeartifact import cli, errors, settings
from pytest_codeartifact.emulator import errors as api_errors
from pytest_codeartifact.emulator.api import json_protocol, model
from pytest_codeartifact.emulator.builds import errors as build_errors
from pytest_codeartifact.emulator.formats.pypi import PyPI
from pytest_codeartifact.emulator.iam import refusals
from pytest_codeartifact.emulator.neighbours import refusals as neighbours_refusals
from pytest_codeartifact.emulator.operations import discover
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.request_log import JOURNALS

PROJECT_PATH = Path(__file__).parents[2]
DOCS_PATH = PROJECT_PATH / "docs"
README = (PROJECT_PATH / "README.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    return (DOCS_PATH / "reference" / name).read_text(encoding="utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every row of every table, headings included, without code marks."""
    for line in re.findall(r"^\| (.+) \|$", text, re.MULTILINE):
        cells = [cell.strip().strip("`") for cell in line.split(" | ")]
        if set(cells) != {"---"}:
            yield cells


def commands() -> dict[str, argparse.ArgumentParser]:
    [choices] = [
        action.choices for action in cli._parser()._actions if isinstance(action.choices, dict)
    ]
    return dict(choices)


@pytest.mark.parametrize("form", ["option", "variable", "ini"])
@pytest.mark.parametrize("definition", settings.DEFINITIONS, ids=lambda each: each.stem)
def test_setting_is_documented(definition: settings.Definition, form: str) -> None:
    """Each form of each setting stands in the reference."""
    assert f"`{getattr(definition, form)}" in page("options.md")


@pytest.mark.parametrize("name", commands())
def test_command_is_documented_with_its_options(name: str) -> None:
    """Each command has a section whose first column is exactly its options."""
    text = page("command-line.md")
    section = text.partition(f"## `pytest-codeartifact {name}`")[2].partition("\n## ")[0]
    found = {cells[0].split(" ")[0] for cells in rows(section) if cells[0].startswith("--")}
    options = {option for action in commands()[name]._actions for option in action.option_strings}
    assert found == {each for each in options if each.startswith("--")} - {"--help"}


def test_quotas_are_documented_with_their_defaults() -> None:
    """Each name that --quota takes stands in the reference with the default it has."""
    told = {cells[0]: cells[1] for cells in rows(page("command-line.md")) if len(cells) == 2}
    for name in Quotas.__slots__:
        assert str(getattr(Quotas(), name)) in told[name]


def test_journals_of_the_control_interface_are_documented() -> None:
    """Each journal stands in the reference with the number of entries it keeps."""
    text = page("control-interface.md")
    for name, length in JOURNALS.items():
        assert re.search(rf"`GET /_emulator/{name}\?after=0` \| .*; {length} entries", text)


def test_refusals_of_the_api_are_documented_with_code_and_status() -> None:
    """Each error of the API stands in the reference with its status."""
    text = page("errors.md").partition("CodeBuild has errors of its own")[0]
    told = {cells[0]: cells[1] for cells in rows(text)}
    for each in service_errors(api_errors):
        assert told[each.code] == str(each.status)


def test_refusals_of_codebuild_are_documented_with_code_and_status() -> None:
    """Each error of CodeBuild's API stands in the reference with its status."""
    text = page("errors.md").partition("CodeBuild has errors of its own")[2]
    told = {cells[0]: cells[1] for cells in rows(text.partition("Before that")[0])}
    for each in [*service_errors(build_errors), *service_errors(json_protocol)]:
        assert told[each.code] == str(each.status)


def service_errors(module: ModuleType) -> Iterator[type[api_errors.ServiceError]]:
    """The errors with a code that a module defines."""
    for each in vars(module).values():
        is_error = isinstance(each, type) and issubclass(each, api_errors.ServiceError)
        if is_error and each.__module__ == module.__name__ and "code" in vars(each):
            yield each


def test_refusals_of_signatures_are_documented_with_codes_and_status() -> None:
    """Each reason to refuse a signature stands in the reference as both protocols say it."""
    told = [tuple(cells[:3]) for cells in rows(page("errors.md"))]
    of_signatures = [
        each
        for each in vars(refusals).values()
        if isinstance(each, type) and issubclass(each, refusals.Refusal)
    ]
    for each in of_signatures[1:]:
        assert (each.code, each.query_code, str(each.status)) in told


def test_refusals_of_neighbours_are_documented_with_code_and_status() -> None:
    """What the emulator refuses in the place of IAM and STS stands in the reference."""
    told = {cells[0]: cells[1] for cells in rows(page("errors.md"))}
    for each in vars(neighbours_refusals).values():
        if isinstance(each, type) and each.__doc__ and issubclass(each, refusals.Refusal):
            assert each is refusals.Refusal or told[each.query_code] == str(each.status)


def test_errors_of_a_run_are_documented() -> None:
    """Each class that a user of pytest may meet stands in the reference."""
    classes = [name for name, value in vars(errors).items() if isinstance(value, type)]
    told = [cells[0] for cells in rows(page("errors.md"))]
    assert [name for name in classes if name not in told] == []


def test_routes_of_the_python_endpoint_are_documented() -> None:
    """Each route stands in the reference with the action it needs."""
    told = [tuple(cells[:1] + cells[2:]) for cells in rows(page("formats/pypi.md"))]
    for route in PyPI().routes():
        path = re.sub(r"<(\w+)>", lambda found: found[1].upper(), route.path)
        assert (f"{route.method} {path}".strip(), f"codeartifact:{route.action}") in told


def test_dependencies_are_justified() -> None:
    """Each dependency has its reason, and nothing else has one."""
    project = tomllib.loads((PROJECT_PATH / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    named = {Requirement(line).name for line in [*project["dependencies"], *extras]}
    text = (DOCS_PATH / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    told = [cells[0] for cells in rows(text) if cells[0] != "package"]
    assert sorted(told) == sorted(named - {"pytest-codeartifact"})


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_number_of_operations_is_told(name: str) -> None:
    """The pages that count the operations count right."""
    text = " ".join((PROJECT_PATH / name).read_text(encoding="utf-8").split())
    assert f"all {len(discover())} operations of the API" in text
    assert set(discover()) == set(model.operations())


def test_ci_runs_the_lines_of_the_readme() -> None:
    """What CI runs is, to the letter, what the README tells a newcomer to type."""
    lines = re.findall(r"^python3 -m venv .+pytest.*$", README, re.MULTILINE)
    script = (PROJECT_PATH / ".ci" / "run").read_text(encoding="utf-8")
    assert len(lines) == 2
    assert [line for line in lines if f"    {line}\n" not in script] == []


def test_readme_links_lead_somewhere() -> None:
    """Each relative link of the README names a file that exists."""
    links = re.findall(r"\]\(([^):]+)\)", README)
    assert links
    assert [link for link in links if not (PROJECT_PATH / link).is_file()] == []
