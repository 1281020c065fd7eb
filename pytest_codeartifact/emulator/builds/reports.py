"""Report groups and reports as the service remembers them, in memory.

Sources: "Work with test reports", "Test report statuses", "Report group naming" (AWS CodeBuild
User Guide).
"""

import re
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_codeartifact.emulator.builds.builds import BuildId
from pytest_codeartifact.emulator.builds.errors import (
    InvalidInput,
    ResourceAlreadyExists,
    ResourceNotFound,
)
from pytest_codeartifact.emulator.builds.machine import BAD, TESTED, BuildProblem, Results, Tested
from pytest_codeartifact.emulator.clock import Clock

TEST = "TEST"
NO_EXPORT: Mapping[str, Any] = {"exportConfigType": "NO_EXPORT"}
LIFETIME_SECONDS = 30 * 24 * 3600
_REPORT_ARN = re.compile(
    r"(?P<stem>arn:aws[a-z-]*:codebuild:[a-z0-9-]+:[0-9]{12}:report)/(?P<group>.+):[0-9a-f-]{36}"
)
# MODEL (ReportGroupName): at most 128 characters; what else would not fit into its ARN.
_GROUP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,127}")
_GROUP_ARN = re.compile(
    r"arn:aws[a-z-]*:codebuild:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):report-group/.+"
)


def group_arn_of(report_arn: str) -> str:
    """The ARN of a report's group; what is no report's ARN comes back as it is."""
    match = _REPORT_ARN.fullmatch(report_arn)
    return f"{match['stem']}-group/{match['group']}" if match else report_arn


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """What reports of one kind belong to. Times are seconds since the epoch."""

    account: str
    region: str
    name: str
    created: float
    modified: float
    tags: Sequence[Mapping[str, str]] = ()

    @property
    def arn(self) -> str:
        """As policies name it."""
        return f"arn:aws:codebuild:{self.region}:{self.account}:report-group/{self.name}"

    def described(self) -> dict[str, Any]:
        """The group as BatchGetReportGroups shows it."""
        return {
            "arn": self.arn,
            "name": self.name,
            "type": TEST,
            "exportConfig": NO_EXPORT,
            "created": self.created,
            "lastModified": self.modified,
            "tags": self.tags,
            "status": "ACTIVE",
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The test cases of one run. `cases` are those that are kept, `total` is how many there were.

    `counts` is how many had which status, `duration` nanoseconds of them all.
    """

    group: ReportGroup
    uuid: str
    build_arn: str
    created: float
    status: str
    cases: Sequence[Tested]
    total: int
    counts: Mapping[str, int]
    duration: int

    @property
    def arn(self) -> str:
        """As requests name it."""
        group = self.group
        stem = f"arn:aws:codebuild:{group.region}:{group.account}"
        return f"{stem}:report/{group.name}:{self.uuid}"

    @property
    def expires(self) -> float:
        """When it is gone, in seconds since the epoch."""
        return self.created + LIFETIME_SECONDS

    def described(self) -> dict[str, Any]:
        """The report as BatchGetReports shows it."""
        return {
            "arn": self.arn,
            "type": TEST,
            "name": self.group.name,
            "reportGroupArn": self.group.arn,
            "executionId": self.build_arn,
            "status": self.status,
            "created": self.created,
            "expired": self.expires,
            "exportConfig": NO_EXPORT,
            "truncated": len(self.cases) < self.total,
            "testSummary": {
                "total": self.total,
                "statusCounts": self.counts,
                "durationInNanoSeconds": self.duration,
            },
        }

    def described_cases(self) -> list[dict[str, Any]]:
        """The test cases as DescribeTestCases shows them.

        In the order of the run, or those that failed first where not all are kept.
        """
        return [
            {
                "reportArn": self.arn,
                "prefix": case.prefix,
                "name": case.name,
                "status": case.status,
                "durationInNanoSeconds": case.duration,
                "message": case.message,
                "expired": self.expires,
            }
            for case in self.cases
        ]


class Reports:
    """All report groups and reports of all accounts and regions; any thread may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._groups: dict[str, ReportGroup] = {}
        self._reports: dict[str, Report] = {}
        self._lock = threading.Lock()

    # --- Groups ---

    def create_group(self, group: ReportGroup) -> None:
        """Remember a group; raises ResourceAlreadyExists."""
        with self._lock:
            if group.arn in self._groups:
                raise ResourceAlreadyExists(f"Report group already exists: {group.arn}")
            self._groups[group.arn] = group

    def group(self, account: str, region: str, arn: str) -> ReportGroup | None:
        """The group of an ARN, if it is of this account and region."""
        found = self._groups.get(arn)
        is_here = found is not None and (found.account, found.region) == (account, region)
        return found if is_here else None

    def find_group(self, account: str, region: str, arn: str) -> ReportGroup:
        """The group of an ARN; raises ResourceNotFound, and InvalidInput for another ARN."""
        if _GROUP_ARN.fullmatch(arn) is None:
            raise InvalidInput(f"Invalid report group ARN: {arn}")
        found = self.group(account, region, arn)
        if found is None:
            raise ResourceNotFound(f"Report group cannot be found: {arn}")
        return found

    def groups_of(self, account: str, region: str) -> list[ReportGroup]:
        """The groups of an account and region."""
        with self._lock:
            known = list(self._groups.values())
        return [each for each in known if (each.account, each.region) == (account, region)]

    def tag_group(
        self, group: ReportGroup, tags: Sequence[Mapping[str, str]] | None
    ) -> ReportGroup:
        """Give a group other tags, None to leave them, and the time of now; the group as it is."""
        with self._lock:
            kept = group.tags if tags is None else tags
            after = replace(group, tags=kept, modified=self._clock.now())
            self._groups[group.arn] = after
        return after

    def delete_group(self, group: ReportGroup) -> None:
        """Forget a group and its reports."""
        with self._lock:
            self._groups.pop(group.arn, None)
            self._drop(arn for arn, each in self._reports.items() if each.group.arn == group.arn)

    # --- Reports ---

    def of(self, account: str, region: str) -> list[Report]:
        """The reports of an account and region that have not expired, oldest first."""
        with self._lock:
            now = self._clock.now()
            self._drop(arn for arn, each in self._reports.items() if each.expires <= now)
            known = list(self._reports.values())
        return [
            each for each in known if (each.group.account, each.group.region) == (account, region)
        ]

    def get(self, account: str, region: str, arn: str) -> Report | None:
        """The report of an ARN, if it is of this account and region."""
        return next((each for each in self.of(account, region) if each.arn == arn), None)

    def delete(self, report: Report) -> None:
        """Forget a report."""
        with self._lock:
            self._reports.pop(report.arn, None)

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or what one account owns."""
        with self._lock:
            for group in [g for g in self._groups.values() if account in {None, g.account}]:
                del self._groups[group.arn]
            self._drop(
                arn for arn, each in self._reports.items() if account in {None, each.group.account}
            )

    def _drop(self, arns: Iterable[str]) -> None:
        for arn in list(arns):
            del self._reports[arn]

    # --- What builds do ---

    def group_arn(self, build: BuildId, name: str) -> str:
        """The ARN of the group that a buildspec names, there or not yet.

        AWS (Report group naming): a plain name stands for a group of the project. Raises
        BuildProblem for the ARN of a group that is not there, and for what can be no group's name.
        """
        if not name.startswith("arn:"):
            group = f"{build.project}-{name}"
            if _GROUP_NAME.fullmatch(group) is None:
                # Differs: how CodeBuild words this is not known.
                raise BuildProblem(
                    "CLIENT_ERROR",
                    f"Error in UPLOAD_ARTIFACTS phase: [{name}: [Invalid report group name:"
                    f" {group}]]",
                )
            return f"arn:aws:codebuild:{build.region}:{build.account}:report-group/{group}"
        if self.group(build.account, build.region, name) is None:
            # Differs: the words for a group that is not there are not documented.
            raise BuildProblem(
                "CLIENT_ERROR",
                f"Error in UPLOAD_ARTIFACTS phase: [{name}: [report group cannot be found]]",
            )
        return name

    def add(self, group_arn: str, build_arn: str, results: Results, now: float) -> str:
        """Keep the report of a build, in a group that is made if need be; the report's ARN."""
        counts = Counter(results.counts)
        with self._lock:
            group = self._groups.get(group_arn) or _new_group(group_arn, now)
            self._groups[group_arn] = group
            report = Report(
                group=group,
                uuid=str(uuid.uuid4()),
                build_arn=build_arn,
                created=now,
                status=_status(counts),
                cases=results.cases,
                total=counts.total(),
                counts={status: counts[status] for status in TESTED},
                duration=results.duration,
            )
            self._reports[report.arn] = report
        return report.arn


def _status(counts: Mapping[str, int]) -> str:
    """What becomes of a report whose test cases have so many of each status."""
    if not counts:
        return "INCOMPLETE"
    return "FAILED" if any(counts.get(status) for status in BAD) else "SUCCEEDED"


def _new_group(arn: str, now: float) -> ReportGroup:
    _, _, _, region, account, named = arn.split(":", 5)
    return ReportGroup(account, region, named.removeprefix("report-group/"), now, now)
