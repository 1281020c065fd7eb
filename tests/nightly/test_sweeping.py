import io
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from pytest_codeartifact import cli
from pytest_codeartifact.settings import Settings, endpoint_variables
from pytest_codeartifact.targets.emulator import Account, EmulatorTarget, open_private_target
from pytest_codeartifact.targets.gateway import Gateway
from pytest_codeartifact.targets.ownership import (
    EXPIRES_TAG,
    OWNER_TAG,
    ROLE_PATH,
    RUN_TAG,
    VERSION_TAG,
    Ownership,
)
from pytest_codeartifact.targets.patience import Patience, at_once
from pytest_codeartifact.targets.roles import Role
from pytest_codeartifact.targets.sweeping import Action, Caller, Found, Sweep

NOW = datetime.now(UTC).replace(microsecond=0)
RUN, OTHER_RUN = "9f3c01ab", "0123abcd"
IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
SLEEP = "{version: 0.2, phases: {build: {commands: [sleep 600]}}}"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "codebuild.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}


def marks(run: str = RUN, *, hours: float = -1.0) -> dict[str, str]:
    """The tags of a run that expires in so many hours."""
    return Ownership("pca", run, "alice", NOW, NOW + timedelta(hours=hours), "1.0").tags()


def pairs(tags: Mapping[str, str], key: str = "key", value: str = "value") -> Any:  # noqa: ANN401 -- typed by each service in its own way
    """Tags as a request has them."""
    return [{key: name, value: text} for name, text in tags.items()]


@dataclass
class Leftovers:
    """What is left in an account under a prefix of the test's own, made as runs make it."""

    account: Account
    prefix: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}")

    def name(self, what: str, run: str = RUN) -> str:
        return f"{self.prefix}-20261128t0649-{run}-{what}"

    def domain(self, name: str, tags: Mapping[str, str]) -> str:
        self.account.client().create_domain(domain=name, tags=pairs(tags))
        return name

    def repository(self, domain: str, name: str, tags: Mapping[str, str]) -> str:
        self.account.client().create_repository(domain=domain, repository=name, tags=pairs(tags))
        return f"{domain}/{name}"

    def role(self, name: str, tags: Mapping[str, str], path: str = ROLE_PATH) -> str:
        iam = self.account.boto3_client("iam")
        made = iam.create_role(
            RoleName=name,
            Path=path,
            AssumeRolePolicyDocument=json.dumps(TRUST),
            Tags=pairs(tags, "Key", "Value"),
        )
        iam.put_role_policy(
            RoleName=name, PolicyName="allowed", PolicyDocument=json.dumps(ANYTHING)
        )
        return str(made["Role"]["Arn"])

    def project(self, name: str, tags: Mapping[str, str], role: str) -> str:
        self.account.boto3_client("codebuild").create_project(
            name=name,
            source={"type": "NO_SOURCE", "buildspec": SLEEP},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": IMAGE,
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole=role,
            tags=pairs(tags),
        )
        return name

    def log_group(self, name: str, tags: Mapping[str, str]) -> str:
        group = f"/aws/codebuild/{name}"
        self.account.boto3_client("logs").create_log_group(
            logGroupName=group, **({"tags": dict(tags)} if tags else {})
        )
        return group

    def of_every_kind(self, what: str, tags: Mapping[str, str], run: str = RUN) -> set[str]:
        """Something of each kind; their names."""
        name = self.name(what, run)
        domain = self.domain(name, tags)
        return {
            domain,
            self.repository(domain, "mirror", tags),
            self.project(name, tags, self.role(name, tags)),
            self.log_group(name, tags),
        }

    def there(self) -> set[str]:
        """The names of all that is there, as listings show it, without those of other tests."""
        client = self.account.client()
        domains = client.get_paginator("list_domains").paginate().build_full_result()["domains"]
        repositories = (client.get_paginator("list_repositories").paginate().build_full_result())[
            "repositories"
        ]
        call = self.account.boto3_client
        names = {each["name"] for each in domains}
        names |= {f"{each['domainName']}/{each['name']}" for each in repositories}
        names |= set(call("codebuild").list_projects()["projects"])
        names |= {each["RoleName"] for each in call("iam").list_roles()["Roles"]}
        names |= {
            each["logGroupName"]
            for each in call("logs").describe_log_groups(
                logGroupNamePrefix=f"/aws/codebuild/{self.prefix}"
            )["logGroups"]
        }
        return {name for name in names if self.prefix in name}

    def sweep(self, caller: Caller | None = None, run: str | None = None) -> Sweep:
        return Sweep(caller or self.account, prefix=self.prefix, now=NOW, run=run)


@dataclass(frozen=True)
class Acting:
    """A role as the caller of a sweep."""

    role: Role
    patience: Patience = field(default_factory=at_once)

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- as the sweep asks for it
        return self.role.boto3_client(service)


@dataclass(frozen=True)
class Refused:
    """A caller for whom AWS refuses operations of IAM, which the emulator never does."""

    account: Account
    operations: Sequence[str]
    patience: Patience = field(default_factory=at_once)

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- as the sweep asks for it
        if service != "iam":
            return self.account.boto3_client(service)
        client = own_client(self.account, service)
        for operation in self.operations:
            client.meta.events.register(f"before-send.iam.{operation}", _refusal(operation))
        return client


PAGE_SIZES = {
    "codeartifact.ListDomains": "maxResults",
    "codeartifact.ListRepositories": "maxResults",
    "codeartifact.ListRepositoriesInDomain": "maxResults",
    "cloudwatch-logs.DescribeLogGroups": "limit",
    "iam.ListRoles": "MaxItems",
}
"""Operations with pages that may be small, and the parameter that says how small."""


@dataclass(frozen=True)
class Paged:
    """A caller who gets one thing a page; `seen` are the operations that had a second page."""

    account: Account
    seen: set[str] = field(default_factory=set)
    patience: Patience = field(default_factory=at_once)

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- as the sweep asks for it
        client = own_client(self.account, service)
        for operation, parameter in PAGE_SIZES.items():
            client.meta.events.register(
                f"provide-client-params.{operation}", partial(self._shrink, operation, parameter)
            )
        return client

    def _shrink(self, operation: str, parameter: str, params: Any, **_: object) -> Any:  # noqa: ANN401 -- botocore's
        if {"nextToken", "Marker"} & set(params):
            self.seen.add(operation)
        return {**params, parameter: 1}


@dataclass(frozen=True)
class Overtaken:
    """A caller before whose request something happens, once."""

    account: Account
    operation: str
    happens: Callable[[], object]
    patience: Patience = field(default_factory=at_once)

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- as the sweep asks for it
        client = own_client(self.account, service)
        events = client.meta.events

        def happen(**_: object) -> None:
            events.unregister(f"before-call.{self.operation}", happen)
            self.happens()

        events.register(f"before-call.{self.operation}", happen)
        return client


def own_client(account: Account, service: str) -> Any:  # noqa: ANN401 -- any service's
    """A client that nobody else has, so that what is done to it is not done to others."""
    known = account.environment()
    return account.with_key(
        known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"], known.get("AWS_SESSION_TOKEN")
    ).boto3_client(service)


def _refusal(operation: str) -> Callable[..., AWSResponse]:
    body = (
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not "
        f"authorized to perform: iam:{operation}</Message></Error></ErrorResponse>"
    )

    class Raw(io.BytesIO):
        def stream(self, **_: object) -> Iterator[bytes]:
            yield self.read()

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("", 403, HTTPHeaders(), Raw(body.encode()))

    return answer


def by_name(found: Sequence[Found]) -> dict[tuple[str, str], Found]:
    """What was found, by kind and name."""
    return {(each.kind, each.name): each for each in found}


def those(found: Sequence[Found], action: Action) -> set[str]:
    """The names of what something was done with."""
    return {each.name for each in found if each.action is action}


@pytest.fixture(scope="module")
def target(codeartifact_settings: Settings) -> Iterator[EmulatorTarget]:
    """An account for this file; each test has a prefix of its own in it."""
    with closing(open_private_target(codeartifact_settings)) as opened:
        yield opened
        assert not opened.crashes()


@pytest.fixture
def left(target: EmulatorTarget) -> Leftovers:
    """What the test leaves in the account."""
    return Leftovers(target)


def test_expired_things_of_every_kind_are_removed(left: Leftovers) -> None:
    """All five kinds go, what has not expired stays, and a second sweep finds nothing more."""
    expired = left.of_every_kind("old", marks())
    unexpired = left.of_every_kind("new", marks(hours=1))
    removed = left.sweep().remove()
    assert those(removed, Action.DELETED) == expired
    assert those(removed, Action.KEPT) == unexpired
    assert left.there() == unexpired
    assert those(left.sweep().remove(), Action.DELETED) == set()


def test_finding_changes_nothing(left: Leftovers) -> None:
    """A dry run tells whose it is and since when it has expired."""
    expired = left.of_every_kind("old", marks())
    found = left.sweep().find()
    assert those(found, Action.WOULD_DELETE) == expired
    assert {(each.run, each.owner, each.expires) for each in found} == {
        (RUN, "alice", NOW - timedelta(hours=1))
    }
    assert all(each.arn.startswith("arn:aws:") for each in found)
    assert left.there() == expired


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (dict.fromkeys((RUN_TAG, OWNER_TAG, EXPIRES_TAG, VERSION_TAG)), "has no tag of ours"),
        ({OWNER_TAG: None, VERSION_TAG: None}, f"has no tag {OWNER_TAG}, {VERSION_TAG}"),
        ({EXPIRES_TAG: None}, f"has no tag {EXPIRES_TAG}"),
        ({EXPIRES_TAG: "2020-01-01"}, f"has a tag {EXPIRES_TAG} that cannot be read: '2020-01-01'"),
        ({RUN_TAG: "nightly"}, f"has a tag {RUN_TAG} that cannot be read: 'nightly'"),
    ],
    ids=["none", "half", "no end", "unreadable end", "unreadable run"],
)
def test_sweep_spares_strangers_and_what_lacks_a_tag(
    left: Leftovers, changed: Mapping[str, str | None], reason: str
) -> None:
    """A name with our prefix alone makes nothing ours."""
    tags = {name: text for name, text in {**marks(), **changed}.items() if text is not None}
    domain = left.domain(left.name("theirs"), tags)
    group = left.log_group(left.name("theirs"), tags)
    removed = left.sweep().remove()
    assert those(removed, Action.KEPT) == {domain, group}
    assert {each.reason for each in removed} == {reason}
    assert left.there() == {domain, group}


def test_names_of_another_prefix_are_not_looked_at(left: Leftovers) -> None:
    """With the right tags, even: who has another prefix sweeps for himself."""
    domain = left.domain(f"{left.prefix}x-20261128t0649-{RUN}", marks())
    role = f"x{left.prefix}-20261128t0649-{RUN}"
    left.role(role, marks())
    assert left.sweep().remove() == []
    assert left.there() == {domain, role}


def test_role_of_another_path_is_not_looked_at(left: Leftovers) -> None:
    """Runs make roles below one path only."""
    left.role(left.name("role"), marks(), path="/")
    assert left.sweep().remove() == []
    assert left.there() == {left.name("role")}


@pytest.mark.parametrize(
    ("tags", "reason"),
    [({}, "has no tag of ours"), (marks(OTHER_RUN, hours=1), "has not expired: it may stay until")],
    ids=["a stranger's", "unexpired"],
)
def test_domain_that_holds_something_else_is_kept(
    left: Leftovers, tags: Mapping[str, str], reason: str
) -> None:
    """Its own repositories go, that of others stays, and so must the domain; both are told."""
    domain = left.domain(left.name("domain"), marks())
    ours = left.repository(domain, "ours", marks())
    theirs = left.repository(domain, "theirs", tags)
    sweep = left.sweep()
    assert those(sweep.find(), Action.KEPT) == {domain, theirs}
    removed = sweep.remove()
    assert left.there() == {domain, theirs}
    assert those(removed, Action.DELETED) == {ours}
    told = by_name(removed)["domain", domain].reason
    assert told.startswith(f"it holds theirs, which {reason}")
    region = f"--region {left.account.region}"
    assert told.endswith(
        f"; finish by hand: aws codeartifact delete-repository --domain {domain} "
        f"--repository theirs {region}; aws codeartifact delete-domain --domain {domain} {region}"
    )


def test_repository_of_ours_in_a_strangers_domain_is_removed(left: Leftovers) -> None:
    """By its own name and tags; the domain, and what is called otherwise in it, stay."""
    team = left.domain(f"team-{left.prefix}", {})
    ours = left.repository(team, left.name("store"), marks())
    theirs = left.repository(team, "store", marks())
    assert those(left.sweep().remove(), Action.DELETED) == {ours}
    assert left.there() == {team, theirs}


def test_what_one_role_may_not_delete_does_not_keep_the_rest(left: Leftovers) -> None:
    """The failure is told with AWS's words and the command to finish by hand."""
    expired = left.of_every_kind("old", marks())
    denied = {"Effect": "Deny", "Action": "codeartifact:DeleteDomain", "Resource": "*"}
    with closing(left.account.roles()) as roles:
        role = roles.role([ANYTHING["Statement"], denied])  # type: ignore[list-item]
        removed = left.sweep(Acting(role)).remove()
    [failed] = [each for each in removed if each.action is Action.FAILED]
    assert (failed.kind, failed.name) == ("domain", left.name("old"))
    assert "is not authorized to perform: codeartifact:DeleteDomain" in failed.reason
    assert failed.reason.endswith(
        f"; finish by hand: aws codeartifact delete-domain --domain {left.name('old')} "
        f"--region {left.account.region}"
    )
    assert left.there() == {left.name("old")}
    assert those(removed, Action.DELETED) | {failed.name} == expired


def test_domain_of_a_repository_that_will_not_go_has_failed_too(left: Leftovers) -> None:
    """It is not even tried: the service would refuse it."""
    domain = left.domain(left.name("domain"), marks())
    repository = left.repository(domain, "store", marks())
    denied = {"Effect": "Deny", "Action": "codeartifact:DeleteRepository", "Resource": "*"}
    with closing(left.account.roles()) as roles:
        role = roles.role([ANYTHING["Statement"], denied])  # type: ignore[list-item]
        removed = left.sweep(Acting(role)).remove()
    assert those(removed, Action.FAILED) == {domain, repository}
    told = by_name(removed)
    assert "codeartifact:DeleteRepository" in told["repository", repository].reason
    assert "it holds store, which could not be removed" in told["domain", domain].reason


def test_domain_whose_repositories_cannot_be_listed_has_failed(left: Leftovers) -> None:
    """What may be in it is somebody else's, for all that is known; so it stays."""
    domain = left.domain(left.name("domain"), marks())
    denied = {
        "Effect": "Deny",
        "Action": ["codeartifact:ListRepositoriesInDomain", "codeartifact:ListRepositories"],
        "Resource": "*",
    }
    with closing(left.account.roles()) as roles:
        role = roles.role([ANYTHING["Statement"], denied])  # type: ignore[list-item]
        removed = left.sweep(Acting(role)).remove()
    told = by_name(removed)
    assert told["repository", "*"].action is Action.FAILED
    assert "look by hand: aws codeartifact list-repositories" in told["repository", "*"].reason
    assert told["domain", domain].action is Action.FAILED
    assert "codeartifact:ListRepositoriesInDomain" in told["domain", domain].reason
    assert left.there() == {domain}


def test_kind_that_cannot_be_listed_does_not_keep_the_rest(left: Leftovers) -> None:
    """It is told with AWS's words and the command to look by hand."""
    expired = left.of_every_kind("old", marks())
    removed = left.sweep(Refused(left.account, ["ListRoles"])).remove()
    [failed] = [each for each in removed if each.action is Action.FAILED]
    assert (failed.kind, failed.name, failed.arn) == ("role", "*", "")
    assert "not authorized to perform: iam:ListRoles" in failed.reason
    assert failed.reason.endswith(
        "; look by hand: aws iam list-roles --path-prefix /pytest-codeartifact/"
    )
    # Project and role have one name.
    assert left.there() == {left.name("old")}
    assert those(removed, Action.DELETED) == expired


def test_tags_that_cannot_be_read_spare_a_thing(left: Leftovers) -> None:
    """Nobody knows whose it is, so it is told as a failure."""
    left.role(left.name("role"), marks())
    removed = left.sweep(Refused(left.account, ["ListRoleTags"])).remove()
    [failed] = removed
    assert failed.action is Action.FAILED
    assert failed.reason.startswith("has tags that cannot be read: ")
    assert left.there() == {left.name("role")}


@pytest.mark.parametrize(
    "operation",
    [
        "codeartifact.DeleteDomain",
        "cloudwatch-logs.DeleteLogGroup",
        "iam.ListRolePolicies",
        "iam.DeleteRole",
    ],
)
def test_sweeps_may_meet(left: Leftovers, operation: str) -> None:
    """What another sweep removes a moment before counts as removed."""
    expired = left.of_every_kind("old", marks())
    caller = Overtaken(left.account, operation, left.sweep().remove)
    removed = left.sweep(caller).remove()
    assert left.there() == set()
    assert those(removed, Action.DELETED) == {each.name for each in removed} == expired


def test_domain_that_goes_while_it_is_looked_at_is_no_failure(left: Leftovers) -> None:
    """It has no repositories any more."""
    domain = left.domain(left.name("domain"), marks())
    caller = Overtaken(left.account, "codeartifact.ListRepositoriesInDomain", left.sweep().remove)
    assert those(left.sweep(caller).remove(), Action.DELETED) == {domain}


def test_what_goes_before_its_tags_are_read_was_never_there(left: Leftovers) -> None:
    """A listing may show for a while what is gone."""
    left.domain(left.name("domain"), marks())
    caller = Overtaken(left.account, "codeartifact.ListTagsForResource", left.sweep().remove)
    assert left.sweep(caller).find() == []


def test_role_whose_policy_has_gone_still_goes(left: Leftovers) -> None:
    """That a part is gone does not mean that the whole is."""
    left.role(left.name("role"), marks())
    iam = left.account.boto3_client("iam")
    caller = Overtaken(
        left.account,
        "iam.DeleteRolePolicy",
        lambda: iam.delete_role_policy(RoleName=left.name("role"), PolicyName="allowed"),
    )
    left.sweep(caller).remove()
    assert left.there() == set()


@pytest.mark.parametrize(("tags", "stays"), [(marks(), False), ({}, True)], ids=["ours", "theirs"])
def test_repository_that_is_listed_late_is_judged_too(
    left: Leftovers, tags: Mapping[str, str], *, stays: bool
) -> None:
    """A domain that the service refuses to delete is looked into once more."""
    domain = left.domain(left.name("domain"), marks())
    caller = Overtaken(
        left.account,
        "codeartifact.DeleteDomain",
        lambda: left.repository(domain, "late", tags),
        Patience(look_seconds=0.01, limit_seconds=10.0),
    )
    removed = by_name(left.sweep(caller).remove())
    assert left.there() == ({domain, f"{domain}/late"} if stays else set())
    actions = {each.action for each in removed.values()}
    assert actions == {Action.KEPT if stays else Action.DELETED}
    assert len(removed) == 2


def test_role_goes_with_its_policies(left: Leftovers) -> None:
    """Inline ones are deleted and attached ones let go; a policy itself stays."""
    iam = left.account.boto3_client("iam")
    left.role(left.name("role"), marks())
    policy = iam.create_policy(
        PolicyName=f"kept-{left.prefix}", PolicyDocument=json.dumps(ANYTHING)
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=left.name("role"), PolicyArn=policy)
    left.sweep().remove()
    assert left.there() == set()
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 0


def test_project_goes_with_builds_and_reports(left: Leftovers) -> None:
    """A build that still runs is stopped first; report groups of other projects stay."""
    codebuild = left.account.boto3_client("codebuild")
    name = left.project(left.name("old"), marks(), left.role(left.name("old"), marks()))
    groups = [
        codebuild.create_report_group(
            name=f"{project}-junit", type="TEST", exportConfig={"exportConfigType": "NO_EXPORT"}
        )["reportGroup"]["arn"]
        for project in (name, f"{name}1", f"team-{name}")
    ]
    build = codebuild.start_build(projectName=name)["build"]["id"]
    left.sweep().remove()
    assert codebuild.batch_get_projects(names=[name])["projects"] == []
    [ended] = codebuild.batch_get_builds(ids=[build])["builds"]
    assert ended["buildStatus"] == "STOPPED"
    there = codebuild.list_report_groups()["reportGroups"]
    assert [group in there for group in groups] == [False, True, True]


def test_listings_are_read_to_their_end(left: Leftovers) -> None:
    """What is on the second page or the third is found, too, and holds its domain."""
    numbers = "123"
    names = [left.name(number) for number in numbers]
    expected = {left.domain(name, marks()) for name in names}
    expected |= {left.repository(names[0], f"store-{number}", marks()) for number in numbers}
    expected |= {left.log_group(name, marks()) for name in names}
    held = left.domain(left.name("held"), marks())
    stores = [left.repository(held, f"store-{number}", {}) for number in numbers]
    for name in names:
        left.role(name, marks())
    paged = Paged(left.account)
    removed = left.sweep(paged).remove()
    assert paged.seen >= set(PAGE_SIZES)
    assert those(removed, Action.DELETED) == expected
    assert left.there() == {held, *stores}


def test_run_removes_what_it_made_itself(left: Leftovers) -> None:
    """Expired or not, and nothing of another run, expired or not; others are not even told."""
    ours = left.of_every_kind("a", marks(hours=1)) | left.of_every_kind("b", marks())
    others = left.of_every_kind("new", marks(OTHER_RUN, hours=1), OTHER_RUN)
    others |= left.of_every_kind("old", marks(OTHER_RUN), OTHER_RUN)
    removed = left.sweep(run=RUN).remove()
    assert those(removed, Action.DELETED) == {each.name for each in removed} == ours
    assert left.there() == others


def test_run_spares_what_is_only_called_like_its_own(left: Leftovers) -> None:
    """The run of the name and that of the tags must be the same one."""
    tagged = left.domain(left.name("tagged"), marks(OTHER_RUN))
    plain = left.domain(left.name("plain"), {})
    removed = by_name(left.sweep(run=RUN).remove())
    assert left.there() == {tagged, plain}
    assert removed["domain", tagged].reason.endswith(f"names the run {OTHER_RUN}")
    assert removed["domain", plain].reason == "has no tag of ours"


# --- The command -------------------------------------------------------------------------


@pytest.fixture
def aws(
    left: Leftovers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., int]]:
    """The command, for which the account is one of AWS: reached by real host names."""
    for name in endpoint_variables():
        monkeypatch.delenv(name)
    for name in ("AWS_PROFILE", "PYTEST_CODEARTIFACT_REGION", "PYTEST_CODEARTIFACT_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    nothing = tmp_path / "nothing"
    nothing.touch()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nothing))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nothing))
    monkeypatch.setenv("PYTEST_CODEARTIFACT_PREFIX", left.prefix)
    for name, text in left.account.environment().items():
        if name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, text)
    with closing(Gateway.open(left.account.endpoint_url, tmp_path)) as gateway:
        for name, text in gateway.environment().items():
            monkeypatch.setenv(name, text)
        yield lambda *words: cli.main(["sweep", *words])


def test_command_tells_then_deletes(
    aws: Callable[..., int], left: Leftovers, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run tells how to delete; with --delete it is done, once."""
    expired = left.of_every_kind("old", marks())
    theirs = left.domain(left.name("theirs"), {})
    place = ["--account", left.account.account, "--region", left.account.region]
    assert aws(*place) == 0
    text = capsys.readouterr().out
    assert left.there() == expired | {theirs}
    assert f"5 would delete, 1 kept, 0 failed in account {left.account.account}" in text
    assert text.endswith(f" {' '.join(place)} --prefix {left.prefix} --delete\n")
    assert aws(*place, "--delete", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert left.there() == {theirs}
    assert told["account"] == left.account.account
    assert told["dry_run"] is False
    assert told["counts"] == {"deleted": 5, "kept": 1, "failed": 0}


def test_command_takes_region_and_accounts_from_variables(
    aws: Callable[..., int],
    left: Leftovers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As a scheduled job has them; and a run by its id."""
    left.domain(left.name("new"), marks(hours=1))
    monkeypatch.setenv("PYTEST_CODEARTIFACT_REGION", left.account.region)
    monkeypatch.setenv("PYTEST_CODEARTIFACT_ACCOUNT", f"210987654321, {left.account.account}")
    assert aws("--run", RUN, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["dry_run"], told["counts"]["would delete"]) == (True, 1)


def test_command_refuses_an_account_that_is_not_named(
    aws: Callable[..., int], left: Leftovers, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, and nothing is looked at."""
    assert aws("--account", "210987654321", "--region", left.account.region, "--delete") == 1
    assert "the credentials are of account" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "variables", "message"),
    [
        ([], {}, "name the account by --account and the Region by --region"),
        (["--region", "eu-west-1"], {}, "name the account by --account"),
        (["--account", "111122223333"], {}, "the Region by --region"),
        (["--account", "1"], {}, "an account has 12 digits, unlike '1'"),
        (["--run", "9F3C01AB"], {}, "the id of a run has 8 hexadecimal digits"),
        (["--prefix", "p-"], {}, "a prefix has 2 to 12 lower-case letters and digits"),
        ([], {"REGION": "Moon 1"}, "PYTEST_CODEARTIFACT_REGION: expected an AWS region"),
        ([], {"ACCOUNT": "1,2"}, "PYTEST_CODEARTIFACT_ACCOUNT: expected an AWS account id"),
        ([], {"PREFIX": "-"}, "PYTEST_CODEARTIFACT_PREFIX: expected 2 to 12 lower-case letters"),
    ],
)
def test_wrong_usage_is_refused(
    words: Sequence[str],
    variables: Mapping[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2 and the reason, before AWS is asked for anything."""
    for name in ("REGION", "ACCOUNT", "PREFIX"):
        monkeypatch.delenv(f"PYTEST_CODEARTIFACT_{name}", raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(f"PYTEST_CODEARTIFACT_{name}", text)
    with pytest.raises(SystemExit) as ended:
        cli.main(["sweep", *words])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
