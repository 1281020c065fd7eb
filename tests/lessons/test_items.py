"""`pytest --codeartifact` with notebooks: what is collected, run, and said when a cell fails."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from pytest_codeartifact.lessons import pairing
from tests.support.notebooks import LOAD, text_form

BEGIN = f"{LOAD}\n%lesson 2"
MAKE = """\
%%console
$ aws codeartifact create-domain --domain awscicd --query domain.status --output text
Active"""


@dataclass(frozen=True)
class Ran:
    """A run of pytest: its exit code, what it printed, and its folder."""

    folder: Path
    exit_code: int
    text: str

    def outcomes(self, file: str) -> dict[str, str]:
        """The outcome of each item of a file, in the order in which they ran."""
        found = re.findall(rf"^{re.escape(file)}::(\S+) ([A-Z]+)", self.text, re.MULTILINE)
        return dict(found)

    def failure(self, document: str) -> list[str]:
        """The lines of the failure that a document has."""
        begins = rf"{re.escape(document)}(?::\d+)?: cell "
        found = re.search(rf"^({begins}.*?)(?=\n[_=-]{{5,}})", self.text, re.MULTILINE | re.DOTALL)
        assert found is not None, self.text
        return found[1].splitlines()


def run(folder: Path, *arguments: str) -> Ran:
    """Run pytest in a folder, with nothing of the outer run's options or choices."""
    hidden = ("PYTEST_", "COV_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    command = [sys.executable, "-m", "pytest", "--codeartifact", "-v", "-p", "no:cacheprovider"]
    if not any("randomly" in each for each in arguments):
        command += ["-p", "no:randomly"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=environment | {"COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ran(folder, done.returncode, done.stdout + done.stderr)


def write(folder: Path, name: str, *cells: str) -> Path:
    path = folder / f"{name}.md"
    path.write_text(text_form(*cells), encoding="utf-8")
    return path


def pair(folder: Path, name: str, *cells: str) -> Path:
    text_path = write(folder, name, *cells)
    path = text_path.with_suffix(".ipynb")
    path.write_text(pairing.made(text_path), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    return path.read_text(encoding="utf-8").splitlines().index(text) + 1


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Ran:
    """One run of a folder with notebooks of many kinds, which all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    told = base / "notebooks.json"
    with FileLock(base / "notebooks.lock"):
        if not told.is_file():
            folder = base / "notebooks"
            folder.mkdir()
            write_all(folder)
            more = ("--continue-on-collection-errors", "--codeartifact-report=out")
            done = run(folder, *more, ".")
            told.write_text(json.dumps([str(folder), done.exit_code, done.text]))
    name, exit_code, text = json.loads(told.read_text())
    return Ran(Path(name), exit_code, text)


def write_all(folder: Path) -> None:
    """Notebooks that are good, and notebooks that are bad each in a way of its own."""
    write(folder, "good", BEGIN, MAKE, "%check domain", "%show domain")
    pair(folder, "wrong", BEGIN, "%%console\n$ echo one\none\n$ echo two\n2", "1")
    write(folder, "early", f"{LOAD}\n%lesson 3", "%%console\n$ true", "%check domain")
    write(folder, "silent", BEGIN, MAKE, "%check login npm")
    write(folder, "idle", BEGIN, "%%console\n$ true", "%check domain")
    write(folder, "raising", "x = 1", "y = 2\nraise ValueError(f'no {x}')", "z = 3")
    announced = write(folder, "announced", "1 / 0", "1")
    tagged = "ipython3\n:tags: [raises-exception]\n1 / 0"
    announced.write_text(announced.read_text().replace("ipython3\n1 / 0", tagged))
    pair(folder, "alone", "1", "raise ValueError('here')").with_suffix(".md").unlink()
    pair(folder, "torn", "1")
    write(folder, "torn", "2")
    write(folder, "dying", "import os\nos._exit(1)", "1")
    other = write(folder, "other", "1")
    other.write_text(other.read_text().replace("name: python3", "name: julia-1.10"))
    write(folder, "secret", f"{LOAD}\n%lesson 4", "%%console\n$ cat ~/.pypirc\n...")
    (folder / "article.md").write_text("# Article\n\n```console\n$ true\n```\n")


def test_cells_are_items_and_checks_are_asked_before_their_steps(ran: Ran) -> None:
    """Each code cell is an item with a name; a check stands before its step as well."""
    assert list(ran.outcomes("good.md").items()) == [
        ("01-load-ext-pytest-codeartifact.lessons", "PASSED"),
        ("03-check-domain-before-step", "PASSED"),
        ("02-a-lesson", "PASSED"),
        ("03-check-domain", "PASSED"),
        ("04-a-lesson", "PASSED"),
    ]


def test_folder_has_each_pair_once(ran: Ran) -> None:
    """Of a notebook and its text form one is run; a text form alone is one, and so an article."""
    files = set(re.findall(r"^([\w.]+)::", ran.text, re.MULTILINE))
    assert {"good.md", "wrong.ipynb", "alone.ipynb", "article.md"} <= files
    assert "wrong.md" not in files


def test_failure_names_the_line_of_the_text_form_and_both_sides(ran: Ran) -> None:
    """Also of a notebook; the cells after it say which one they need."""
    wrong = line_of(ran.folder / "wrong.md", "2")
    assert list(ran.outcomes("wrong.ipynb").values()) == ["PASSED", "FAILED", "SKIPPED"]
    lines = ran.failure("wrong.md")
    assert lines[:6] == [
        f"wrong.md:{wrong}: cell 02-a-lesson",
        "$ echo two",
        "--- wrong.md",
        "+++ this run",
        f"{wrong} | -2",
        "   | +two",
    ]
    assert lines[7].startswith("means: ")
    assert lines[8].startswith("try: ")
    assert "needs cell 02-a-lesson" in ran.text
    assert "Traceback" not in "\n".join(lines)


def test_check_that_passes_before_its_step_fails(ran: Ran) -> None:
    """A check that would not notice a missing step is no check."""
    assert ran.outcomes("early.md")["03-check-domain-before-step"] == "FAILED"
    first, saw, means, hint = ran.failure("early.md")
    assert first.endswith(": cell 03-check-domain-before-step")
    assert saw.startswith("the check passes before its step is done; it saw: domain awscicd is")
    assert means == "means: the check would not notice a step that was left out"
    assert hint.startswith("try: ")


def test_check_that_does_not_say_what_is_missing_fails(ran: Ran) -> None:
    """Failing is not enough before the step: there has to be a hint."""
    assert ran.outcomes("silent.md")["03-check-login-npm-before-step"] == "FAILED"
    assert ran.failure("silent.md")[1].startswith(
        "before its step the check fails with Refused: pip and twine"
    )


def test_check_that_fails_after_its_step_tells_what_is_missing(ran: Ran) -> None:
    """A step that does not do what its check looks for is found out."""
    assert ran.outcomes("idle.md")["03-check-domain"] == "FAILED"
    lines = ran.failure("idle.md")
    assert lines[1] == "the check says: not yet, there is no domain awscicd"
    assert lines[3] == "try: aws codeartifact create-domain --domain awscicd"


def test_python_that_raises_is_told_with_its_line(ran: Ran) -> None:
    """Any notebook can be verified, also one without our commands."""
    line = line_of(ran.folder / "raising.md", "raise ValueError(f'no {x}')")
    assert list(ran.outcomes("raising.md").values()) == ["PASSED", "FAILED", "SKIPPED"]
    assert ran.failure("raising.md")[:2] == [
        f"raising.md:{line}: cell 02-a-lesson",
        "ValueError: no 1",
    ]


def test_error_that_a_cell_announces_is_none(ran: Ran) -> None:
    """The tag raises-exception is what everybody uses for this."""
    assert list(ran.outcomes("announced.md").values()) == ["PASSED", "PASSED"]


def test_notebook_without_a_text_form_is_run(ran: Ran) -> None:
    """Whoever has notebooks only can verify them; messages name the notebook."""
    assert list(ran.outcomes("alone.ipynb").values()) == ["PASSED", "FAILED"]
    assert ran.failure("alone.ipynb")[1] == "ValueError: here"


def test_pair_that_disagrees_is_not_run(ran: Ran) -> None:
    """Which one is right nobody can know; the sentence says what to do."""
    assert ran.outcomes("torn.ipynb") == {}
    told = "torn.ipynb says something else than torn.md, from cell 2 on; make it again: "
    assert told in ran.text.replace("\n", " ")


def test_kernel_that_dies_is_said(ran: Ran) -> None:
    """It does not hang, and it is one failure."""
    assert list(ran.outcomes("dying.md").values()) == ["FAILED", "SKIPPED"]
    assert ran.failure("dying.md")[1] == "the kernel died while the cell ran"


def test_other_kernel_is_refused_by_name(ran: Ran) -> None:
    """A lesson needs nothing but Python's own kernel."""
    assert list(ran.outcomes("other.md").values()) == ["FAILED"]
    assert ran.failure("other.md")[1:] == [
        "other.md wants the kernel 'julia-1.10'",
        "try: lessons use python3",
    ]


def test_executed_notebooks_are_left_in_the_report(ran: Ran) -> None:
    """With a report folder, the notebooks with their outputs are there, without any secret."""
    text = (ran.folder / "out" / "notebooks" / "secret.ipynb").read_text()
    outputs = [cell.get("outputs") for cell in json.loads(text)["cells"]]
    assert all(outputs[1:])
    assert "******" in text
    assert "eyJ2ZXIi" not in text
    assert ran.exit_code == pytest.ExitCode.TESTS_FAILED


def test_cell_that_is_selected_runs_those_before_it(tmp_path: Path) -> None:
    """One cell alone passes from cold."""
    write(tmp_path, "lesson", "x = 1", "x += 1", "assert x == 2")
    done = run(tmp_path, "lesson.md", "-k", "03-a-lesson")
    assert "1 passed, 2 deselected" in done.text


def test_notebooks_are_left_alone_without_the_option(pytester: pytest.Pytester) -> None:
    """Other plugins for notebooks have their own options."""
    pair(pytester.path, "lesson", "1")
    pytester.runpytest_inprocess("-v").assert_outcomes()


def test_cells_stay_together_in_parallel_and_in_order_when_shuffled(tmp_path: Path) -> None:
    """Workers and shuffles do not tear a notebook apart."""
    for name in ("one", "two"):
        pair(tmp_path, name, "x = 1", "x += 1", "assert x == 2")
    done = run(tmp_path, "-p", "randomly", "-n", "2", ".")
    assert "6 passed" in done.text
