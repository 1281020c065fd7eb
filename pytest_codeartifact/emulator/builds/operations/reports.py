"""Report groups, reports and test cases.

Source: "Work with test reports" (AWS CodeBuild User Guide).
Differs: there are no reports of code coverage, and nothing is exported to S3.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.api.paging import Key
from pytest_codeartifact.emulator.builds.calls import (
    Call,
    on_group_of_report,
    on_new_report_group,
    on_nothing,
    on_report_group,
)
from pytest_codeartifact.emulator.builds.errors import InvalidInput, ResourceNotFound
from pytest_codeartifact.emulator.builds.operations.listing import PAGE, listed
from pytest_codeartifact.emulator.builds.project_settings import checked_tags
from pytest_codeartifact.emulator.builds.reports import (
    TEST,
    Report,
    ReportGroup,
    group_arn_of,
)

Json = Mapping[str, Any]

_ORDERS: Mapping[str, Callable[[ReportGroup], Key]] = {
    "NAME": lambda group: group.name,
    "CREATED_TIME": lambda group: (group.created, group.name),
    "LAST_MODIFIED_TIME": lambda group: (group.modified, group.name),
}


# --- Groups ----------------------------------------------------------------------------------


@operation(on_new_report_group)
def create_report_group(call: Call, request: Json) -> Json:
    """Create a group for reports of tests."""
    if request["type"] != TEST:
        raise InvalidInput(
            f"This emulator does not support reports of type {request['type']}; it supports {TEST}"
        )
    _check_export(request["exportConfig"])
    name, now = request["name"], call.clock.now()
    if not set(name).isdisjoint(":/"):
        raise InvalidInput(f"Invalid report group name: {name}")
    tags = checked_tags(request.get("tags", []))
    group = ReportGroup(call.account, call.region, name, now, now, tags)
    call.reports.create_group(group)
    return {"reportGroup": group.described()}


@operation(on_report_group("arn"))
def update_report_group(call: Call, request: Json) -> Json:
    """Change a group's tags."""
    group = call.reports.find_group(call.account, call.region, request["arn"])
    _check_export(request.get("exportConfig", {}))
    tags = checked_tags(request["tags"]) if "tags" in request else None
    return {"reportGroup": call.reports.tag_group(group, tags).described()}


@operation(on_report_group("arn"))
def delete_report_group(call: Call, request: Json) -> Json:
    """Delete a group without reports, or with them if asked to.

    Differs: what the service says of a group that is not there is not documented; it counts as
    deleted, as the model has no exception for it.
    """
    group = call.reports.group(call.account, call.region, request["arn"])
    if group is None:
        return {}
    if not request.get("deleteReports", False) and _reports_of(call, group):
        raise InvalidInput(
            f"Report group {group.arn} has reports; delete them first, or set deleteReports"
        )
    call.reports.delete_group(group)
    return {}


@operation(on_report_group("reportGroupArns"))
def batch_get_report_groups(call: Call, request: Json) -> Json:
    """Describe groups by ARN; those of other accounts are not found."""
    arns = dict.fromkeys(request["reportGroupArns"])
    found = {arn: call.reports.group(call.account, call.region, arn) for arn in arns}
    return {
        "reportGroups": [group.described() for group in found.values() if group],
        "reportGroupsNotFound": [arn for arn, group in found.items() if group is None],
    }


@operation(on_nothing)
def list_report_groups(call: Call, request: Json) -> Json:
    """List the ARNs of the account's groups in this region."""
    shown, token = listed(
        call,
        call.reports.groups_of(call.account, call.region),
        request,
        name="ListReportGroups",
        key=_ORDERS[request.get("sortBy", "NAME")],
    )
    return {"reportGroups": [group.arn for group in shown], "nextToken": token}


# --- Reports ---------------------------------------------------------------------------------


@operation(on_nothing)
def list_reports(call: Call, request: Json) -> Json:
    """List the ARNs of the account's reports in this region."""
    return _listed_reports(call, request, "ListReports", call.reports.of(call.account, call.region))


@operation(on_report_group("reportGroupArn"))
def list_reports_for_report_group(call: Call, request: Json) -> Json:
    """List the ARNs of a group's reports."""
    group = call.reports.find_group(call.account, call.region, request["reportGroupArn"])
    return _listed_reports(call, request, "ListReportsForReportGroup", _reports_of(call, group))


@operation(on_group_of_report("reportArns"))
def batch_get_reports(call: Call, request: Json) -> Json:
    """Describe reports by ARN; those of other accounts are not found."""
    arns = dict.fromkeys(request["reportArns"])
    found = {arn: call.reports.get(call.account, call.region, arn) for arn in arns}
    return {
        "reports": [report.described() for report in found.values() if report],
        "reportsNotFound": [arn for arn, report in found.items() if report is None],
    }


@operation(on_group_of_report("reportArn"))
def describe_test_cases(call: Call, request: Json) -> Json:
    """Describe a report's test cases, those of a status or with a word in their name or prefix."""
    report, wanted = _find_report(call, request["reportArn"]), request.get("filter", {})
    cases = [
        (number, case)
        for number, case in enumerate(report.described_cases())
        if wanted.get("status", case["status"]) == case["status"]
        and any(wanted.get("keyword", "") in case[member] for member in ("name", "prefix"))
    ]
    shown, token = listed(
        call, cases, request, name="DescribeTestCases", key=lambda case: (case[0],)
    )
    return {"testCases": [case for _, case in shown], "nextToken": token}


@operation(on_group_of_report("arn"))
def delete_report(call: Call, request: Json) -> Json:
    """Delete a report; one that is not there counts as deleted.

    Differs: what the service says of a report that is not there is not documented.
    """
    report = call.reports.get(call.account, call.region, request["arn"])
    if report is not None:
        call.reports.delete(report)
    return {}


@operation(on_group_of_report("reportArn"))
def describe_code_coverages(call: Call, request: Json) -> Json:
    """Describe the code coverage of a report: a report of tests has none."""
    _find_report(call, request["reportArn"])
    return {"codeCoverages": []}


@operation(on_report_group("reportGroupArn"))
def get_report_group_trend(call: Call, request: Json) -> Json:
    """Tell how a number of the newest reports of a group has developed, newest first.

    Differs: how the service writes these numbers is not documented, and what it says of a group
    without reports.
    """
    group = call.reports.find_group(call.account, call.region, request["reportGroupArn"])
    number_of = _TRENDS.get(request["trendField"])
    if number_of is None:
        raise InvalidInput(f"Trend field {request['trendField']} is not of reports of type {TEST}")
    newest = sorted(_reports_of(call, group), key=lambda report: report.created, reverse=True)
    numbers = {
        report.arn: number_of(report) for report in newest[: request.get("numOfReports", PAGE)]
    }
    told: dict[str, Any] = {
        "rawData": [{"reportArn": arn, "data": str(data)} for arn, data in numbers.items()]
    }
    if numbers:
        data = numbers.values()
        average = sum(data) / len(data)
        told["stats"] = {"average": str(average), "max": str(max(data)), "min": str(min(data))}
    return told


@operation(on_nothing)
def list_shared_report_groups(call: Call, request: Json) -> Json:  # noqa: ARG001 - as every operation
    """List groups that are shared with the account: none, as nothing can be shared here."""
    return {"reportGroups": []}


def _find_report(call: Call, arn: str) -> Report:
    if group_arn_of(arn) == arn:
        raise InvalidInput(f"Invalid report ARN: {arn}")
    report = call.reports.get(call.account, call.region, arn)
    if report is None:
        raise ResourceNotFound(f"Report cannot be found: {arn}")
    return report


def _pass_rate(report: Report) -> float:
    passed = report.counts.get("SUCCEEDED", 0)
    return round(100 * passed / report.total, 2) if report.total else 0.0


_TRENDS: Mapping[str, Callable[[Report], float]] = {
    "PASS_RATE": _pass_rate,
    "DURATION": lambda report: report.duration,
    "TOTAL": lambda report: report.total,
}


def _reports_of(call: Call, group: ReportGroup) -> list[Report]:
    known = call.reports.of(call.account, call.region)
    return [report for report in known if report.group.arn == group.arn]


def _listed_reports(call: Call, request: Json, name: str, reports: Iterable[Report]) -> Json:
    status = request.get("filter", {}).get("status")
    shown, token = listed(
        call,
        [report for report in reports if status in {None, report.status}],
        request,
        name=name,
        key=lambda report: (report.created, report.arn),
        order="DESCENDING",
    )
    return {"reports": [report.arn for report in shown], "nextToken": token}


def _check_export(export: Json) -> None:
    if export.get("exportConfigType", "NO_EXPORT") != "NO_EXPORT":
        raise InvalidInput(
            f"This emulator does not support exports of type {export['exportConfigType']}; it"
            " supports NO_EXPORT"
        )
