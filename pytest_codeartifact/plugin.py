"""The pytest hooks; what they need beyond pytest is imported when it is needed."""

from collections.abc import Generator
from copy import copy
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact import ordering, settings, targets
from pytest_codeartifact.masking import Masking

pytest_plugins = ("pytest_codeartifact.fixtures",)

MARKS = (
    "article: a step of an article, or a cell of a notebook, that --codeartifact verifies",
    "parity: a probe of what the service answers, compared with the records of what AWS answered",
    "xdist_group(name): run in one process with its group",
)
_ARTICLE = Path(__file__).parent / "article" / "walkthrough.md"
_PROBES = Path(__file__).parent / "parity" / "all.probes"
_BUILT_IN = (str(_ARTICLE), str(_PROBES))
_CRASHES_BEFORE: pytest.StashKey[int] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare every setting."""
    settings.add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Give bare options such as `--codeartifact` their value, or they would take a path for one."""
    end = args.index("--") if "--" in args else len(args)
    args[:end] = [settings.BARE_OPTIONS.get(arg, arg) for arg in args[:end]]
    # pytest parsed them once already, with the path taken, and finds conftest files by that.
    parsed = parser.parse_known_args(args, namespace=copy(early_config.option))
    known = early_config.known_args_namespace
    for name in ("file_or_dir", "codeartifact", settings.MUTATE.ini):
        setattr(known, name, getattr(parsed, name))
    built_in_only = set(parsed.file_or_dir) <= set(_BUILT_IN)
    if parsed.codeartifact is not None and built_in_only and parsed.confcutdir is None:
        # The conftest files above the place where this plugin is installed are none of this run.
        known.confcutdir = str(_ARTICLE.parent)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse bad settings, choose the built-in article when no path was given."""
    settings.check(config)
    *marks, group = MARKS
    for mark in marks:
        config.addinivalue_line("markers", mark)
    if not config.pluginmanager.hasplugin("xdist"):
        # Steps carry it in any case; strict markers would refuse it where xdist is away.
        config.addinivalue_line("markers", group)
    config.pluginmanager.register(Masking(config), "codeartifact-masking")
    if _is_chosen(config) and not hasattr(config, "workerinput"):
        from pytest_codeartifact.reporting import Reporting  # noqa: PLC0415 -- only with the option

        config.pluginmanager.register(Reporting(config), "codeartifact-reporting")
    if config.getoption("codeartifact") == "aws":
        _guard_account(config)
    if _is_chosen(config) and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [*_BUILT_IN]
        config.args_source = pytest.Config.ArgsSource.ARGS


def _guard_account(config: pytest.Config) -> None:
    """What a run on a real account has besides, most of it in the main process alone."""
    from pytest_codeartifact import gate  # noqa: PLC0415 -- loads boto3, which only such runs need

    config.pluginmanager.register(gate.InEveryProcess(config), "codeartifact-in-every-process")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(gate.Gate(config), targets.GATE)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 -- a class of pytest-xdist
    """Tell a worker which run it belongs to, so that all of them share one server."""
    node.workerinput["codeartifact_run"] = targets.run_of(node.config)
    node.workerinput["codeartifact_started"] = targets.started_of(node.config).isoformat()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 -- of pytest-xdist
    """Keep the steps of a document in one worker, in the modes that would tear them apart."""
    if not _is_chosen(config) or config.getoption("dist") not in {"load", "loadgroup"}:
        return None
    from pytest_codeartifact.scheduling import DocumentScheduling  # noqa: PLC0415 -- needs xdist

    return DocumentScheduling(config, log)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what this run uses, and who said so."""
    if not _is_chosen(config):
        return []
    from pytest_codeartifact import header  # noqa: PLC0415 -- only runs with the option print it

    return header.lines(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "pytest.File | None":
    """Collect Markdown files as articles and notebooks as lessons, with the option only."""
    if file_path == _PROBES and _is_chosen(parent.config):
        from pytest_codeartifact.parity.items import ParityFile  # noqa: PLC0415 -- with the option

        return ParityFile.from_parent(parent, path=file_path)
    if file_path.suffix not in {".md", ".ipynb"} or not _is_chosen(parent.config):
        return None
    from pytest_codeartifact.lessons import pairing  # noqa: PLC0415 -- with the option only

    if file_path.suffix == ".ipynb" or pairing.is_text_form(file_path):
        is_pair = file_path.suffix == ".md" and file_path.with_suffix(".ipynb").is_file()
        # Of a pair in a folder one is enough: the notebook, which must say what its text says.
        if is_pair and not parent.session.isinitpath(file_path):
            return None
        from pytest_codeartifact.lessons.items import NotebookFile  # noqa: PLC0415 -- ditto

        return NotebookFile.from_parent(parent, path=file_path)
    from pytest_codeartifact.article.items import ArticleFile  # noqa: PLC0415 -- ditto

    return ArticleFile.from_parent(parent, path=file_path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Show the parts of a document in its order, wherever a shuffle has put them."""
    if not _is_chosen(config):
        return
    ordering.in_reading_order(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what an item of an article found on its report, which crosses to the main process."""
    report = yield
    if call.when == "call" and hasattr(item, "take_findings"):
        # pytest carries further attributes of a report along, also from pytest-xdist's workers.
        vars(report)["codeartifact"] = item.take_findings()
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember which crashes of the emulator are older than this test."""
    target = targets.opened_target(item.config)
    if target is not None and _may_use_emulator(item):
        item.stash[_CRASHES_BEFORE] = target.last_crash()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Fail a test during which the emulator crashed: its defects are never swallowed."""
    try:
        yield
    finally:
        target = targets.opened_target(item.config)
        if target is not None and _may_use_emulator(item):
            before = item.stash.get(_CRASHES_BEFORE, target.crashes_before)
            crashes = target.crashes(after=before)
            if crashes:
                seen = "\n".join(f"the emulator crashed on {crash}" for crash in crashes)
                pytest.fail(seen, pytrace=False)


def _is_chosen(config: pytest.Config) -> bool:
    return config.getoption("codeartifact") is not None


def _may_use_emulator(item: pytest.Item) -> bool:
    """Functions use it through a fixture; items of other kinds, such as articles, may always."""
    if not isinstance(item, pytest.Function):
        return True
    return any("codeartifact" in name for name in item.fixturenames)
