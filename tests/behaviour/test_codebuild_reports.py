"""Report groups, reports and test cases of AWS CodeBuild, by boto3."""

from collections.abc import Sequence
from typing import Any

import pytest

from pytest_codeartifact.emulator.builds import machine
from pytest_codeartifact.emulator.builds.builds import BuildId
from pytest_codeartifact.emulator.builds.machine import BuildProblem
from tests.support.emulation import REGION
from tests.support.people import People, allow
from tests.support.projects import Client, Json, refused

DAY = 24 * 3600
PASSED = machine.Tested("test_adds", "tests.test_sums", "SUCCEEDED", 1_000_000, "")
FAILED = machine.Tested("test_takes", "tests.test_sums", "FAILED", 2_500_000, "assert 1 == 2")
ERROR = machine.Tested("test_breaks", "tests.test_other", "ERROR", 0, "ZeroDivisionError")
SKIPPED = machine.Tested("test_waits", "tests.test_other", "SKIPPED", 0, "not today")
EXPORT = {"exportConfigType": "NO_EXPORT"}


@pytest.fixture
def codebuild(people: People) -> Client:
    """The administrator's client."""
    return people.ask("codebuild")


def group_arn(people: People, name: str) -> str:
    return f"arn:aws:codebuild:{REGION}:{people.account.number}:report-group/{name}"


def build_of(people: People, project: str = "demo") -> BuildId:
    return BuildId(people.account.number, REGION, project, "0a0b0c0d-0000-4000-8000-000000000000")


def reported(people: People, cases: Sequence[machine.Tested], name: str = "unit") -> str:
    """A report that a build of the project `demo` left behind; its ARN."""
    emulator = people.emulation.emulator
    reports, build = emulator._codebuild.template.reports, build_of(people)
    return reports.add(
        reports.group_arn(build, name), build.arn, machine.Results.of(cases), emulator.clock.now()
    )


def created(codebuild: Client, name: str, **more: Json) -> dict[str, Any]:
    answer = codebuild.create_report_group(name=name, type="TEST", exportConfig=EXPORT, **more)
    found: dict[str, Any] = answer["reportGroup"]
    return found


# --- Groups ----------------------------------------------------------------------------------


@pytest.mark.documented("CreateReportGroup")
def test_created_group_is_described(people: People, codebuild: Client) -> None:
    """A group has what it was made with, and its times."""
    tags = [{"key": "team", "value": "blue"}]
    group = created(codebuild, "unit", tags=tags)
    assert group == {
        "arn": group_arn(people, "unit"),
        "name": "unit",
        "type": "TEST",
        "exportConfig": EXPORT,
        "created": group["created"],
        "lastModified": group["created"],
        "tags": tags,
        "status": "ACTIVE",
    }
    missing = group_arn(people, "missing")
    answer = codebuild.batch_get_report_groups(reportGroupArns=[group["arn"], missing])
    assert answer["reportGroups"] == [group]
    assert answer["reportGroupsNotFound"] == [missing]


@pytest.mark.documented("CreateReportGroup")
def test_second_group_of_a_name_is_refused(people: People, codebuild: Client) -> None:
    """A name is given once in an account and region."""
    created(codebuild, "unit")
    text = refused(
        codebuild,
        "ResourceAlreadyExistsException",
        "create_report_group",
        name="unit",
        type="TEST",
        exportConfig=EXPORT,
    )
    assert group_arn(people, "unit") in text


@pytest.mark.assumed("the service takes the first two; this emulator says what it cannot do")
@pytest.mark.parametrize(
    "member",
    [
        {"type": "CODE_COVERAGE"},
        {"exportConfig": {"exportConfigType": "S3", "s3Destination": {"bucket": "out-bucket"}}},
        {"name": "a/b"},
        {"tags": [{"key": "aws:team", "value": "blue"}]},
    ],
    ids=str,
)
def test_group_that_cannot_be_is_refused(codebuild: Client, member: dict[str, Any]) -> None:
    """There are reports of tests, kept by the service alone."""
    request = {"name": "unit", "type": "TEST", "exportConfig": EXPORT, **member}
    refused(codebuild, "InvalidInputException", "create_report_group", **request)
    assert codebuild.list_report_groups()["reportGroups"] == []


@pytest.mark.documented("UpdateReportGroup")
def test_update_changes_tags(people: People, codebuild: Client) -> None:
    """What the request does not name stays."""
    group = created(codebuild, "unit", tags=[{"key": "team", "value": "blue"}])
    people.emulation.travel(60)
    red = [{"key": "team", "value": "red"}]
    updated = codebuild.update_report_group(arn=group["arn"], tags=red)["reportGroup"]
    assert updated["lastModified"] > updated["created"] == group["created"]
    again = codebuild.update_report_group(arn=group["arn"], exportConfig=EXPORT)["reportGroup"]
    assert again["tags"] == updated["tags"] == red


@pytest.mark.documented("UpdateReportGroup")
def test_missing_group_is_not_found(people: People, codebuild: Client) -> None:
    """There is nothing to change or to list, and what is no ARN is not looked for."""
    missing = group_arn(people, "missing")
    code = "ResourceNotFoundException"
    refused(codebuild, code, "update_report_group", arn=missing)
    refused(codebuild, code, "list_reports_for_report_group", reportGroupArn=missing)
    refused(codebuild, "InvalidInputException", "update_report_group", arn="missing")


@pytest.mark.documented("DeleteReportGroup")
def test_group_with_reports_is_deleted_when_asked_to(people: People, codebuild: Client) -> None:
    """Reports are not lost by accident."""
    report, arn = reported(people, [PASSED]), group_arn(people, "demo-unit")
    refused(codebuild, "InvalidInputException", "delete_report_group", arn=arn)
    assert codebuild.list_reports()["reports"] == [report]
    codebuild.delete_report_group(arn=arn, deleteReports=True)
    assert codebuild.list_reports()["reports"] == []
    assert codebuild.list_report_groups()["reportGroups"] == []


@pytest.mark.assumed("the model has no exception for a group or a report that is not there")
def test_what_is_gone_can_be_deleted_again(people: People, codebuild: Client) -> None:
    """An empty group needs no more than its ARN, and deleting twice is the same."""
    report, arn = reported(people, [PASSED]), group_arn(people, "demo-unit")
    for _ in range(2):
        codebuild.delete_report(arn=report)
    assert codebuild.batch_get_reports(reportArns=[report])["reportsNotFound"] == [report]
    for _ in range(2):
        codebuild.delete_report_group(arn=arn)
    assert codebuild.list_report_groups()["reportGroups"] == []


@pytest.mark.documented("ListReportGroups")
def test_groups_are_listed_in_the_order_asked_for(people: People, codebuild: Client) -> None:
    """By name, by creation, by change; either way round, and a page at a time."""
    arns = {name: group_arn(people, name) for name in ("bb", "cc", "aa")}
    for name in arns:
        created(codebuild, name)
        people.emulation.travel(1)
    codebuild.update_report_group(arn=arns["cc"])
    orders = {"NAME": "aa bb cc", "CREATED_TIME": "bb cc aa", "LAST_MODIFIED_TIME": "bb aa cc"}
    for sort_by, names in orders.items():
        wanted = [arns[name] for name in names.split()]
        for order, expected in (("ASCENDING", wanted), ("DESCENDING", wanted[::-1])):
            first = codebuild.list_report_groups(sortBy=sort_by, sortOrder=order, maxResults=2)
            rest = codebuild.list_report_groups(
                sortBy=sort_by, sortOrder=order, maxResults=2, nextToken=first["nextToken"]
            )
            assert first["reportGroups"] == expected[:2]
            assert rest["reportGroups"] == expected[2:]


# --- Reports ---------------------------------------------------------------------------------


@pytest.mark.documented("Work with test reports")
def test_report_of_a_build_is_described(people: People, codebuild: Client) -> None:
    """A report sums its test cases up, and lives for 30 days."""
    arn = reported(people, [PASSED, FAILED, SKIPPED])
    assert arn.startswith(group_arn(people, "demo-unit:").replace("report-group", "report"))
    [report] = codebuild.batch_get_reports(reportArns=[arn])["reports"]
    assert (report["expired"] - report["created"]).total_seconds() == 30 * DAY
    del report["created"], report["expired"]
    assert report == {
        "arn": arn,
        "type": "TEST",
        "name": "demo-unit",
        "reportGroupArn": group_arn(people, "demo-unit"),
        "executionId": build_of(people).arn,
        "status": "FAILED",
        "exportConfig": EXPORT,
        "truncated": False,
        "testSummary": {
            "total": 3,
            "statusCounts": {
                "SUCCEEDED": 1,
                "FAILED": 1,
                "ERROR": 0,
                "SKIPPED": 1,
                "UNKNOWN": 0,
            },
            "durationInNanoSeconds": 3_500_000,
        },
    }


@pytest.mark.documented("Test report statuses")
@pytest.mark.parametrize(
    ("cases", "status"),
    [
        ([PASSED], "SUCCEEDED"),
        ([PASSED, SKIPPED], "SUCCEEDED"),
        ([PASSED, FAILED], "FAILED"),
        ([PASSED, ERROR], "FAILED"),
        ([], "INCOMPLETE"),
    ],
)
def test_status_follows_from_the_test_cases(
    people: People, codebuild: Client, cases: Sequence[machine.Tested], status: str
) -> None:
    """One test case that was not successful is enough, and without any a report is incomplete."""
    arn = reported(people, cases)
    [report] = codebuild.batch_get_reports(reportArns=[arn])["reports"]
    assert report["status"] == status


@pytest.mark.documented("Report group naming")
def test_group_of_a_report_is_named_after_the_project(people: People, codebuild: Client) -> None:
    """A plain name stands for a group of the project, an ARN for the group it names."""
    own = created(codebuild, "unit")["arn"]
    for name in ("unit", own):
        reported(people, [PASSED], name)
    groups = codebuild.list_report_groups()["reportGroups"]
    assert groups == [group_arn(people, "demo-unit"), own]
    for arn in groups:
        assert len(codebuild.list_reports_for_report_group(reportGroupArn=arn)["reports"]) == 1


@pytest.mark.assumed("the words for a group that is not there are not documented")
def test_report_needs_the_group_it_names(people: People) -> None:
    """A build that names a group by ARN does not make it."""
    with pytest.raises(BuildProblem, match="report group cannot be found") as problem:
        reported(people, [PASSED], group_arn(people, "missing"))
    assert problem.value.context.code == "CLIENT_ERROR"


@pytest.mark.documented("ListReports")
def test_reports_are_listed_by_status_and_age(people: People, codebuild: Client) -> None:
    """Either way round, a page at a time."""
    good, bad, late = (reported(people, [case]) for case in (PASSED, FAILED, PASSED))
    arn = group_arn(people, "demo-unit")
    asked = {"sortOrder": "ASCENDING", "filter": {"status": "SUCCEEDED"}}
    assert codebuild.list_reports(**asked)["reports"] == [good, late]
    listed = codebuild.list_reports_for_report_group(
        reportGroupArn=arn, filter={"status": "FAILED"}
    )
    assert listed["reports"] == [bad]
    first = codebuild.list_reports(sortOrder="DESCENDING", maxResults=2)
    rest = codebuild.list_reports(
        sortOrder="DESCENDING", maxResults=2, nextToken=first["nextToken"]
    )
    assert first["reports"] + rest["reports"] == [late, bad, good]
    assert "nextToken" not in rest


@pytest.mark.documented("Work with test reports")
def test_report_expires(people: People, codebuild: Client) -> None:
    """After 30 days a report cannot be seen any more; its group can."""
    arn = reported(people, [PASSED])
    people.emulation.travel(30 * DAY - 60)
    assert codebuild.list_reports()["reports"] == [arn]
    people.emulation.travel(61)
    assert codebuild.list_reports()["reports"] == []
    assert codebuild.batch_get_reports(reportArns=[arn])["reportsNotFound"] == [arn]
    assert len(codebuild.list_report_groups()["reportGroups"]) == 1


# --- Test cases ------------------------------------------------------------------------------


def names_of(codebuild: Client, arn: str, **request: Json) -> list[str]:
    cases = codebuild.describe_test_cases(reportArn=arn, **request)["testCases"]
    return [case["name"] for case in cases]


@pytest.mark.documented("DescribeTestCases")
def test_test_cases_are_described(people: People, codebuild: Client) -> None:
    """Each has its name, its prefix, what became of it and how long that took."""
    arn = reported(people, [FAILED])
    [case] = codebuild.describe_test_cases(reportArn=arn)["testCases"]
    del case["expired"]
    assert case == {
        "reportArn": arn,
        "prefix": "tests.test_sums",
        "name": "test_takes",
        "status": "FAILED",
        "durationInNanoSeconds": 2_500_000,
        "message": "assert 1 == 2",
    }


@pytest.mark.documented("TestCaseFilter")
@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "test_adds test_takes test_breaks test_waits"),
        ({"status": "FAILED"}, "test_takes"),
        ({"keyword": "sums"}, "test_adds test_takes"),
        ({"keyword": "aits"}, "test_waits"),
        ({"keyword": "test_other", "status": "ERROR"}, "test_breaks"),
        ({"keyword": "nothing"}, ""),
    ],
)
def test_test_cases_are_filtered(
    people: People, codebuild: Client, wanted: Json, names: str
) -> None:
    """By status, and by a part of name or prefix; all of a filter must hold."""
    arn = reported(people, [PASSED, FAILED, ERROR, SKIPPED])
    assert names_of(codebuild, arn, filter=wanted) == names.split()


@pytest.mark.documented("DescribeTestCases")
def test_test_cases_come_in_pages(people: People, codebuild: Client) -> None:
    """The order of the run goes on with the token."""
    cases = [machine.Tested(f"test_{number}", "", "SUCCEEDED", 1, "") for number in range(5)]
    arn = reported(people, cases)
    first = codebuild.describe_test_cases(reportArn=arn, maxResults=3)
    assert [case["name"] for case in first["testCases"]] == ["test_0", "test_1", "test_2"]
    rest = names_of(codebuild, arn, maxResults=3, nextToken=first["nextToken"])
    assert rest == ["test_3", "test_4"]
    refused(
        codebuild,
        "InvalidInputException",
        "describe_test_cases",
        reportArn=reported(people, cases),
        maxResults=3,
        nextToken=first["nextToken"],
    )


@pytest.mark.documented("Test report statuses")
def test_report_keeps_500_test_cases_failed_ones_first(people: People, codebuild: Client) -> None:
    """Of more test cases than that a report says so, and sums up all of them."""
    arn = reported(people, [PASSED] * 600 + [FAILED])
    [report] = codebuild.batch_get_reports(reportArns=[arn])["reports"]
    assert report["truncated"]
    assert report["testSummary"]["total"] == 601
    assert names_of(codebuild, arn)[:2] == ["test_takes", "test_adds"]
    pages = codebuild.get_paginator("describe_test_cases").paginate(reportArn=arn)
    assert sum(len(page["testCases"]) for page in pages) == 500


@pytest.mark.documented("DescribeTestCases")
def test_missing_report_has_no_test_cases(people: People, codebuild: Client) -> None:
    """A report that is gone is not found, and what is no ARN of a report is not looked for."""
    arn = reported(people, [PASSED])
    codebuild.delete_report(arn=arn)
    refused(codebuild, "ResourceNotFoundException", "describe_test_cases", reportArn=arn)
    refused(codebuild, "InvalidInputException", "describe_test_cases", reportArn="demo")


# --- Who may ---------------------------------------------------------------------------------


@pytest.mark.documented("Permissions for test reporting operations")
def test_actions_are_granted_on_report_groups(people: People) -> None:
    """Reports have no permissions of their own: their group's count."""
    unit, other = reported(people, [PASSED]), reported(people, [PASSED], "other")
    on_unit = allow("codebuild:*", resource=group_arn(people, "demo-unit"))
    ann = people.ask("codebuild", people.user("ann", on_unit))
    assert names_of(ann, unit) == ["test_adds"]
    ann.batch_get_reports(reportArns=[unit])
    code = "AccessDeniedException"
    requests: dict[str, dict[str, Json]] = {
        "describe_test_cases": {"reportArn": other},
        "batch_get_reports": {"reportArns": [unit, other]},
        "delete_report": {"arn": other},
    }
    for operation, request in requests.items():
        text = refused(ann, code, operation, **request)
        assert f"on resource: {group_arn(people, 'demo-other')} because" in text
    assert "on resource: *" in refused(ann, code, "list_reports")
    ann.delete_report(arn=unit)


@pytest.mark.documented("ListReports")
def test_accounts_have_their_own_reports(people: People, codebuild: Client) -> None:
    """Nobody else sees, changes or deletes a report or its group."""
    report, group = reported(people, [PASSED]), group_arn(people, "demo-unit")
    other = People(people.emulation, people.emulation.other_account()).ask("codebuild")
    assert other.list_reports()["reports"] == other.list_report_groups()["reportGroups"] == []
    refused(other, "ResourceNotFoundException", "describe_test_cases", reportArn=report)
    refused(other, "ResourceNotFoundException", "update_report_group", arn=group)
    other.delete_report(arn=report)
    other.delete_report_group(arn=group, deleteReports=True)
    assert codebuild.list_reports()["reports"] == [report]


@pytest.mark.assumed("a reset is this emulator's own")
def test_reset_forgets_reports(people: People, codebuild: Client) -> None:
    """What an account made is gone with it."""
    reported(people, [PASSED])
    people.emulation.control("POST", "reset", {"account": people.account.number})
    assert codebuild.list_reports()["reports"] == []
    assert codebuild.list_report_groups()["reportGroups"] == []


# --- Trends, coverage, sharing ---------------------------------------------------------------


@pytest.mark.documented("GetReportGroupTrend")
@pytest.mark.parametrize(
    ("field", "data", "stats"),
    [
        ("TOTAL", ["2", "1"], {"average": "1.5", "max": "2", "min": "1"}),
        ("PASS_RATE", ["50.0", "100.0"], {"average": "75.0", "max": "100.0", "min": "50.0"}),
        (
            "DURATION",
            ["3500000", "1000000"],
            {"average": "2250000.0", "max": "3500000", "min": "1000000"},
        ),
    ],
)
def test_trend_is_that_of_the_newest_reports(
    people: People, codebuild: Client, field: str, data: Sequence[str], stats: Json
) -> None:
    """Each report has its value, newest first, and all of them an average and bounds."""
    clock = people.emulation.emulator.clock
    arns = []
    for cases in ([ERROR], [PASSED], [PASSED, FAILED]):
        arns.append(reported(people, cases))
        clock.advance(60)

    trend = codebuild.get_report_group_trend(
        reportGroupArn=group_arn(people, "demo-unit"), trendField=field, numOfReports=2
    )

    assert [each["reportArn"] for each in trend["rawData"]] == arns[:0:-1]
    assert [each["data"] for each in trend["rawData"]] == data
    assert trend["stats"] == stats


@pytest.mark.documented("GetReportGroupTrend")
def test_trend_of_coverage_is_none_of_tests(codebuild: Client) -> None:
    """A field of code coverage is refused, and a group without reports has no numbers."""
    group = created(codebuild, "unit")["arn"]

    coverage = {"reportGroupArn": group, "trendField": "LINE_COVERAGE"}
    told = refused(codebuild, "InvalidInputException", "get_report_group_trend", **coverage)
    assert "LINE_COVERAGE" in told

    trend = codebuild.get_report_group_trend(reportGroupArn=group, trendField="TOTAL")
    assert trend["rawData"] == []
    assert "stats" not in trend


@pytest.mark.assumed("a report of tests has no coverage, and nothing can be shared here")
def test_what_there_is_none_of_is_an_empty_list(people: People, codebuild: Client) -> None:
    """Clients that ask for coverage or shares are told that there is nothing."""
    arn = reported(people, [PASSED])

    assert codebuild.describe_code_coverages(reportArn=arn)["codeCoverages"] == []
    assert codebuild.list_shared_report_groups()["reportGroups"] == []
    assert codebuild.list_shared_projects()["projects"] == []
