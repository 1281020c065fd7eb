import os
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.codebuild import junit
from pytest_codeartifact.codebuild.junit import ReportError, TestCase, read_cases


def _report(folder: Path, text: str | bytes) -> Path:
    path = folder / "report.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_cases_of_nested_suites_are_read_in_order(tmp_path: Path) -> None:
    """Each test case has its class, or else its suite, as prefix, and its outcome."""
    path = _report(
        tmp_path,
        """<?xml version="1.0" encoding="utf-8"?>
        <testsuites name="all"><properties><property name="a" value="b"/></properties>
          <testsuite name="outer" tests="4" failures="1">
            <testcase classname="tests.test_a" name="test_one" time="0.001"/>
            <testsuite name="inner">
              <testcase name="test_two" time="1.5"><system-out>not told</system-out></testcase>
            </testsuite>
            <testcase name="test_three" classname="c"><failure message="no">Trace
back</failure><system-err>not told</system-err></testcase>
          </testsuite>
          <testsuite><testcase name="test_four"><skipped/></testcase></testsuite>
        </testsuites>""",
    )
    assert read_cases(path) == [
        TestCase("test_one", "tests.test_a", "SUCCEEDED", 1_000_000),
        TestCase("test_two", "inner", "SUCCEEDED", 1_500_000_000),
        TestCase("test_three", "c", "FAILED", 0, "no\nTrace\nback"),
        TestCase("test_four", "", "SKIPPED", 0),
    ]


def test_report_of_pytest_itself_is_read(pytester: pytest.Pytester) -> None:
    """What pytest writes is what people upload first."""
    pytester.makepyfile(
        """
        import pytest

        def test_good(): pass

        def test_bad(): assert 1 == 2

        @pytest.mark.skip(reason="not today")
        def test_left_out(): pass

        @pytest.fixture
        def broken(): raise OSError("no disk")

        def test_broken(broken): pass
        """
    )
    pytester.inline_run("--junit-xml=report.xml", "-p", "no:randomly")
    cases = {case.name: case for case in read_cases(pytester.path / "report.xml")}
    assert {name: case.status for name, case in cases.items()} == {
        "test_good": "SUCCEEDED",
        "test_bad": "FAILED",
        "test_left_out": "SKIPPED",
        "test_broken": "ERROR",
    }
    assert "not today" in cases["test_left_out"].message
    assert "OSError: no disk" in cases["test_broken"].message
    elements = ET.parse(pytester.path / "report.xml").iter("testcase")
    assert {name: case.duration_nanoseconds for name, case in cases.items()} == {
        each.attrib["name"]: round(float(each.attrib["time"]) * 1e9) for each in elements
    }


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ("<failure/><error/>", "ERROR"),
        ("<error/><failure/>", "ERROR"),
        ("<skipped/><failure/>", "FAILED"),
        ("<rerunFailure/>", "SUCCEEDED"),
    ],
)
def test_the_worst_outcome_counts(tmp_path: Path, outcomes: str, status: str) -> None:
    """A test case with several outcomes has the worst of them."""
    path = _report(tmp_path, f"<testsuite><testcase name='a'>{outcomes}</testcase></testsuite>")
    assert [case.status for case in read_cases(path)] == [status]


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        ("0.001", 1_000_000),
        ("1", 1_000_000_000),
        (" 2.5 ", 2_500_000_000),
        ("6.2e-05", 62_000),
        ("1,234.5", 1_234_500_000_000),
        ("1,234", 1_234_000_000_000),
        ("0,25", 250_000_000),
        ("12,3456", 12_345_600_000),
        ("", 0),
        ("soon", 0),
        ("-1", 0),
        ("nan", 0),
        ("inf", 0),
        ("1e999999999", 0),
    ],
)
def test_times_become_nanoseconds(tmp_path: Path, time: str, nanoseconds: int) -> None:
    """Seconds are read as runners write them; what is no time is none."""
    path = _report(tmp_path, f"<testsuite><testcase name='a' time='{time}'/></testsuite>")
    assert read_cases(path)[0].duration_nanoseconds == nanoseconds


def test_long_messages_and_names_are_cut(tmp_path: Path) -> None:
    """A report does not carry whole logs."""
    path = _report(
        tmp_path,
        f"<testsuite><testcase name='{'n' * 5000}'>"
        f"<failure message='{'m' * 9000}'>{'t' * 9000}</failure></testcase></testsuite>",
    )
    [case] = read_cases(path)
    assert case.name == "n" * junit.MOST_NAME
    assert case.message == "m" * junit.MOST_MESSAGE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<coverage/>", "expected element type <testsuite> but have <coverage>"),
        ("<testcase name='a'/>", "expected element type <testsuite> but have <testcase>"),
        (
            '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><testsuite/>',
            "a DOCTYPE is not allowed",
        ),
        ("<testsuite><testcase><testcase/></testcase></testsuite>", "within a test case"),
        ("<testsuite>", "no element found"),
        ("<testsuite>&undefined;</testsuite>", "undefined entity"),
        ("{}", "not well-formed"),
        ("", "no element found"),
        (b"\xff\xfe\x00", ""),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    """The error names the file and says what is wrong."""
    path = _report(tmp_path, text)
    with pytest.raises(ReportError) as caught:
        read_cases(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in caught.value.reason


def test_missing_files_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    """A file that cannot be read is told as such, and nothing is waited for."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing.xml", ".", "pipe"):
        with pytest.raises(ReportError):
            read_cases(tmp_path / name)


def test_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the size of a file nor the number of its cases is without limit."""
    monkeypatch.setattr(junit, "MOST_BYTES", 100)
    path = _report(tmp_path, f"<testsuite>{' ' * 78}</testsuite>")
    with pytest.raises(ReportError, match="larger than 100 bytes"):
        read_cases(path)
    monkeypatch.setattr(junit, "MOST_CASES", 2)
    assert len(read_cases(_report(tmp_path, f"<testsuite>{'<testcase/>' * 2}</testsuite>"))) == 2
    with pytest.raises(ReportError, match="more than 2 test cases"):
        read_cases(_report(tmp_path, f"<testsuite>{'<testcase/>' * 3}</testsuite>"))


@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20),
        max_size=5,
    )
)
def test_names_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    """Any text can be a test's name."""
    cases = "".join(f"<testcase name={quoteattr(name)}/>" for name in names)
    path = _report(tmp_path_factory.getbasetemp(), f"<testsuite>{cases}</testsuite>")
    assert [case.name for case in read_cases(path)] == names


@given(junk=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    """Nothing but ReportError comes of a file that commands wrote."""
    path = _report(tmp_path_factory.getbasetemp(), b"<testsuite><testcase>" + junk)
    with pytest.raises(ReportError):
        read_cases(path)
