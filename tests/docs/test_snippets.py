import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT_PATH = Path(__file__).parents[2]
PAGES = [
    *(PROJECT_PATH / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((PROJECT_PATH / "docs").rglob("*.md")),
]


class Snippet(NamedTuple):
    """A fenced block and where it stands."""

    page: str
    line: int
    language: str
    text: str


def snippets(path: Path) -> Iterator[Snippet]:
    """The fenced blocks of a page; a block within a block belongs to the outer one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        opened = re.match(r"(`{3,})(\S*)", lines[at])
        if opened is None:
            at += 1
            continue
        end = lines.index(opened[1], at + 1)
        page = path.relative_to(PROJECT_PATH).as_posix()
        yield Snippet(page, at + 1, opened[2], "\n".join(lines[at + 1 : end]) + "\n")
        at = end + 1


ALL = [each for path in PAGES for each in snippets(path)]


def named(snippet: Snippet) -> str:
    return f"{snippet.page}:{snippet.line}"


def python_tests() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in ALL:
        if each.language == "python" and "def test_" in each.text:
            found.setdefault(each.page, []).append(each.text)
    return found


def pages_with(language: str) -> list[str]:
    return sorted({each.page for each in ALL if each.language == language})


@pytest.mark.parametrize("language", ["python", "sh", "console", "markdown", "toml"])
def test_snippets_of_each_language_are_found(language: str) -> None:
    """The tests below look at something."""
    assert pages_with(language)


@pytest.mark.parametrize("page", python_tests())
@pytest.mark.usefixtures("nobodys_machine")
def test_python_snippets_of_a_page_pass(pytester: pytest.Pytester, page: str) -> None:
    """Each test that a page shows runs as it stands, without network."""
    texts = python_tests()[page]
    pytester.makepyfile(**{f"test_{at}": text for at, text in enumerate(texts)})
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=sum(text.count("def test_") for text in texts))


@pytest.mark.parametrize(
    "page", [name for name in pages_with("console") if name.startswith("docs/how-to/")]
)
@pytest.mark.usefixtures("nobodys_machine")
def test_console_snippets_of_a_page_do_what_it_shows(pytester: pytest.Pytester, page: str) -> None:
    """Each console block of a guide passes `pytest --codeartifact`, without network."""
    path = pytester.path / "page.md"
    path.write_text((PROJECT_PATH / page).read_text(encoding="utf-8"), encoding="utf-8")
    result = pytester.runpytest_inprocess("--codeartifact", str(path))
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    "snippet", [each for each in ALL if each.language == "markdown"], ids=named
)
@pytest.mark.usefixtures("nobodys_machine")
def test_article_shown_in_a_page_passes(pytester: pytest.Pytester, snippet: Snippet) -> None:
    """An article that a page gives as an example is a good one."""
    path = pytester.path / "article.md"
    path.write_text(snippet.text, encoding="utf-8")
    result = pytester.runpytest_inprocess("--codeartifact", str(path))
    result.assert_outcomes(passed=snippet.text.count("```console"))


@pytest.mark.parametrize("snippet", [each for each in ALL if each.language == "sh"], ids=named)
def test_shell_snippet_is_valid(snippet: Snippet) -> None:
    """A shell can read every shell snippet, and each begins with a program we speak of."""
    done = subprocess.run(
        ["sh", "-n"], input=snippet.text, text=True, capture_output=True, timeout=10, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    programs = {line.split()[0] for line in textwrap.dedent(snippet.text).splitlines()}
    assert programs <= {
        *("python3", ".venv/bin/pytest", "pytest", "pytest-codeartifact", "uv", "aws"),
        *("eval", "export", "curl", "sed", "unset"),
    }
