import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact import sweeper
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.targets.ownership import (
    EXPIRES_TAG,
    OWNER_TAG,
    ROLE_PATH,
    RUN_TAG,
    VERSION_TAG,
)
from pytest_codeartifact.targets.patience import Patience, at_once
from pytest_codeartifact.targets.sweeping import Action, Found, Sweep

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
RUN = "9f3c01ab"
KINDS = ("domain", "repository", "project", "log group", "role")
LOGS = "/aws/codebuild/"


@dataclass(frozen=True)
class Made:
    """Something in an account; `domain` is where a repository is."""

    kind: str
    name: str
    tags: Mapping[str, str]
    domain: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:x:eu-west-1:111122223333:{self.kind}/{self.domain}/{self.name}"

    @property
    def parts(self) -> Sequence[str]:
        """The names by one of which it may be known as a run's."""
        if self.kind == "log group":
            return [self.name.removeprefix(LOGS)] if self.name.startswith(LOGS) else []
        return [self.name, self.domain] if self.domain else [self.name]


@dataclass
class Account:
    """An account in memory that does what a sweep asks of it; fulfils the sweep's `Caller`."""

    things: list[Made]
    deleted: list[Made] = field(default_factory=list)
    patience: Patience = field(default_factory=at_once)

    def boto3_client(self, service: str) -> "Client":
        return Client(self, service)

    def those(self, kind: str, **named: str) -> list[Made]:
        return [
            each
            for each in self.things
            if each.kind == kind and all(getattr(each, key) == text for key, text in named.items())
        ]

    def delete(self, kind: str, **named: str) -> None:
        [thing] = self.those(kind, **named)
        self.things.remove(thing)
        self.deleted.append(thing)


@dataclass
class Client:
    """What the sweep uses of the clients of boto3, each operation by its name."""

    account: Account
    service: str
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="eu-west-1"))

    def get_paginator(self, operation: str) -> SimpleNamespace:
        def paginate(**asked: str) -> Iterator[Any]:
            yield OPERATIONS[operation](self.account, **asked)

        return SimpleNamespace(paginate=paginate)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        # CloudWatch Logs has an operation of the same name.
        name = f"logs_{operation}" if self.service == "logs" else operation
        found = OPERATIONS.get(name) or OPERATIONS[operation]
        return lambda **asked: found(self.account, **asked)


def _pairs(tags: Mapping[str, str], key: str, value: str) -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def _repository(made: Made) -> Mapping[str, str]:
    owner = "111122223333"
    return {"name": made.name, "domainName": made.domain, "domainOwner": owner, "arn": made.arn}


def _tags_by_arn(account: Account, arn: str) -> Mapping[str, str]:
    [found] = [each for each in account.things if each.arn == arn]
    return found.tags


def _delete_domain(account: Account, domain: str) -> None:
    if account.those("repository", domain=domain):
        error = {"Error": {"Code": "ConflictException", "Message": "it has repositories"}}
        raise ClientError(error, "DeleteDomain")  # type: ignore[arg-type]
    account.delete("domain", name=domain)


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "list_domains": lambda account: {
        "domains": [
            {"name": each.name, "owner": "111122223333", "arn": each.arn}
            for each in account.those("domain")
        ]
    },
    "list_repositories": lambda account: {
        "repositories": [_repository(each) for each in account.those("repository")]
    },
    "list_repositories_in_domain": lambda account, domain, **_: {
        "repositories": [_repository(each) for each in account.those("repository", domain=domain)]
    },
    "list_tags_for_resource": lambda account, resourceArn: {  # noqa: N803 -- boto3's names
        "tags": _pairs(_tags_by_arn(account, resourceArn), "key", "value")
    },
    "logs_list_tags_for_resource": lambda account, resourceArn: {  # noqa: N803 -- ditto
        "tags": dict(_tags_by_arn(account, resourceArn))
    },
    "delete_repository": lambda account, domain, repository, **_: account.delete(
        "repository", domain=domain, name=repository
    ),
    "delete_domain": lambda account, domain, **_: _delete_domain(account, domain),
    "list_projects": lambda account: {"projects": [each.name for each in account.those("project")]},
    "batch_get_projects": lambda account, names: {
        "projects": [
            {"name": each.name, "arn": each.arn, "tags": _pairs(each.tags, "key", "value")}
            for each in account.those("project")
            if each.name in names
        ]
    },
    "list_builds_for_project": lambda _, **__: {"ids": []},
    "list_report_groups": lambda _: {"reportGroups": []},
    "delete_project": lambda account, name: account.delete("project", name=name),
    "describe_log_groups": lambda account, logGroupNamePrefix: {  # noqa: N803 -- ditto
        "logGroups": [
            {"logGroupName": each.name, "arn": f"{each.arn}:*"}
            for each in account.those("log group")
            if each.name.startswith(logGroupNamePrefix)
        ]
    },
    "logs_delete_log_group": lambda account, logGroupName: account.delete(  # noqa: N803 -- ditto
        "log group", name=logGroupName
    ),
    "list_roles": lambda account, PathPrefix: {  # noqa: N803 -- ditto
        "Roles": [
            {"RoleName": each.name, "Arn": each.arn}
            for each in account.those("role")
            if PathPrefix == ROLE_PATH
        ]
    },
    "list_role_tags": lambda account, RoleName: {  # noqa: N803 -- ditto
        "Tags": _pairs(account.those("role", name=RoleName)[0].tags, "Key", "Value")
    },
    "list_role_policies": lambda _, **__: {"PolicyNames": []},
    "list_attached_role_policies": lambda _, **__: {"AttachedPolicies": []},
    "delete_role": lambda account, RoleName: account.delete(  # noqa: N803 -- ditto
        "role", name=RoleName
    ),
}


@dataclass(frozen=True)
class Marks:
    """Tags, with what is true of them."""

    tags: Mapping[str, str]
    are_ours: bool
    has_expired: bool
    run: str


RUNS = st.sampled_from([(RUN, True), ("0123abcd", True), ("9F3C01AB", False), ("9f3c", False)])
ENDS = st.sampled_from(
    [
        ("2026-11-28T11:59:59Z", True, True),
        ("2026-11-28T12:00:00Z", True, True),
        ("2026-11-28T12:00:01Z", True, False),
        ("2027-01-01T00:00:00Z", True, False),
        ("2020-01-01", False, False),
        ("2020-01-01T00:00:00+09:00", False, False),
        ("yesterday", False, False),
        ("0", False, False),
    ]
)
TEXTS = st.sampled_from([("alice", True), ("", False)])


@st.composite
def marks(draw: st.DrawFn) -> Marks:
    """Tags that are whole, or lack something, or say what nobody can read."""
    run, run_is_read = draw(RUNS)
    ends, end_is_read, has_expired = draw(ENDS)
    (owner, has_owner), (version, has_version) = draw(TEXTS), draw(TEXTS)
    whole = {RUN_TAG: run, OWNER_TAG: owner, EXPIRES_TAG: ends, VERSION_TAG: version}
    lost = draw(st.sets(st.sampled_from(sorted(whole)), max_size=2))
    theirs = draw(st.dictionaries(st.sampled_from(["team", "pytest-codeartifact"]), st.just("x")))
    return Marks(
        tags={name: text for name, text in whole.items() if name not in lost} | theirs,
        are_ours=all((not lost, run_is_read, end_is_read, has_owner, has_version)),
        has_expired=has_expired,
        run=run,
    )


WHOLE = st.just(
    Marks(
        tags={
            RUN_TAG: RUN,
            OWNER_TAG: "alice",
            EXPIRES_TAG: "2026-11-28T11:00:00Z",
            VERSION_TAG: "1.0",
        },
        are_ours=True,
        has_expired=True,
        run=RUN,
    )
)
NAMES = st.sampled_from(
    [
        f"pca-20261128t0649-{RUN}",
        f"pca-20261128t0649-{RUN}-ab12-1",
        f"pca-20261128t0649-{RUN}0",
        "pca-20261128t0649-0123abcd",
        "pca-store",
        "pca",
        "pcax-1",
        "my-pca-1",
        "PCA-1",
        "store",
    ]
)


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[Made], Mapping[str, Marks]]:
    """All sorts of things with all sorts of tags, and what is true of each by its ARN."""
    made: list[Made] = []
    told: dict[str, Marks] = {}

    def make(kind: str, name: str, domain: str = "") -> None:
        chosen = draw(st.one_of(WHOLE, marks()))
        thing = Made(kind, name, chosen.tags, domain)
        made.append(thing)
        told[thing.arn] = chosen

    for name in draw(st.sets(NAMES, max_size=4)):
        make("domain", name)
        for repository in draw(st.sets(NAMES, max_size=3)):
            make("repository", repository, domain=name)
    for kind in ("project", "role"):
        for name in draw(st.sets(NAMES, max_size=3)):
            make(kind, name)
    for name in draw(st.sets(NAMES, max_size=3)):
        make("log group", draw(st.sampled_from([LOGS, LOGS, "/aws/lambda/", ""])) + name)
    return made, told


def kept_domains(made: Sequence[Made], may_go: set[str]) -> set[str]:
    """The domains that something of somebody else is in."""
    holding = {each.domain for each in made if each.domain and each.arn not in may_go}
    return {each.arn for each in made if each.kind == "domain" and each.name in holding}


@given(accounts())
def test_only_what_is_ours_and_expired_is_deleted(
    drawn: tuple[list[Made], Mapping[str, Marks]],
) -> None:
    """Whatever there is: exactly what has our prefix, our four tags, and is past its expiry."""
    made, told = drawn
    account = Account(list(made))
    Sweep(account, now=NOW).remove()
    may_go = {
        each.arn
        for each in made
        if any(part.startswith("pca-") for part in each.parts)
        and told[each.arn].are_ours
        and told[each.arn].has_expired
    }
    assert {each.arn for each in account.deleted} == may_go - kept_domains(made, may_go)


@given(accounts())
def test_only_what_a_run_has_made_is_deleted_with_its_id(
    drawn: tuple[list[Made], Mapping[str, Marks]],
) -> None:
    """With the id of a run: exactly what its name and its tags say is of it, expired or not."""
    made, told = drawn
    account = Account(list(made))
    Sweep(account, now=NOW, run=RUN).remove()
    of_run = re.compile(rf"pca-\d{{8}}t\d{{4}}-{RUN}(-.*)?")
    may_go = {
        each.arn
        for each in made
        if any(of_run.fullmatch(part) for part in each.parts)
        and told[each.arn].are_ours
        and told[each.arn].run == RUN
    }
    assert {each.arn for each in account.deleted} == may_go - kept_domains(made, may_go)


@given(accounts(), st.sampled_from([None, RUN]))
def test_finding_tells_what_removing_does(
    drawn: tuple[list[Made], Mapping[str, Marks]], run: str | None
) -> None:
    """What would be deleted is deleted, all else is told the same, and finding changes nothing."""
    account = Account(list(drawn[0]))
    sweep = Sweep(account, now=NOW, run=run)
    found = sweep.find()
    assert account.things == drawn[0]
    assert account.deleted == []
    removed = sweep.remove()
    assert [each.action for each in removed] == [
        Action.DELETED if each.action is Action.WOULD_DELETE else each.action for each in found
    ]
    assert {each.arn for each in removed if each.action is Action.DELETED} == {
        each.arn for each in account.deleted
    }


@given(accounts(), st.sampled_from([None, RUN]))
def test_second_sweep_finds_nothing_to_delete(
    drawn: tuple[list[Made], Mapping[str, Marks]], run: str | None
) -> None:
    """What may go has gone at once."""
    sweep = Sweep(Account(list(drawn[0])), now=NOW, run=run)
    sweep.remove()
    assert {each.action for each in sweep.find()} <= {Action.KEPT}


@pytest.mark.parametrize(
    ("seconds", "action"), [(-1, Action.WOULD_DELETE), (0, Action.WOULD_DELETE), (1, Action.KEPT)]
)
def test_expiry_is_the_moment_that_the_tag_says(seconds: int, action: Action) -> None:
    """From this second on, and not a second before."""
    ends = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    tags = {RUN_TAG: RUN, OWNER_TAG: "alice", EXPIRES_TAG: ends, VERSION_TAG: "1.0"}
    [told] = Sweep(Account([Made("role", "pca-1", tags)]), now=NOW).find()
    assert told.action is action


@pytest.mark.parametrize("prefix", ["", "p", "pca-", "*", "Pca", "pca-x", "1pca", "p" * 13])
def test_prefix_that_no_run_has_is_refused(prefix: str) -> None:
    """An empty prefix would be that of everybody."""
    with pytest.raises(CodeArtifactError, match="is no prefix of runs; 2 to 12 lower-case"):
        Sweep(Account([]), prefix=prefix, now=NOW)


@pytest.mark.parametrize("run", ["", "9f3c01a", "9f3c01ab0", "9F3C01AB", ".*"])
def test_id_that_no_run_has_is_refused(run: str) -> None:
    """An id is never a pattern."""
    with pytest.raises(CodeArtifactError, match="is no id of a run; 8 hexadecimal digits"):
        Sweep(Account([]), now=NOW, run=run)


@pytest.mark.parametrize(
    ("prefix", "run", "options"),
    [("pca", None, ""), ("demo", RUN, f"--prefix demo --run {RUN} ")],
)
def test_command_removes_the_same(prefix: str, run: str | None, options: str) -> None:
    """The command has all that is not its default."""
    command = Sweep(Account([]), prefix=prefix, now=NOW, run=run).command()
    always = "pytest-codeartifact sweep --account ID --region eu-west-1 "
    assert command == f"{always}{options}--delete"


# --- What the command shows --------------------------------------------------------------


def found(action: Action, name: str = "pca-1", owner: str = "alice") -> Found:
    """A domain that a sweep has met."""
    ends = NOW - timedelta(hours=3)
    return Found("domain", name, f"arn:{name}", RUN, owner, ends, action, "expired")


def shown(outcome: sweeper.Outcome) -> str:
    """What a person sees."""
    out = io.StringIO()
    sweeper.write_lines(outcome, out)
    return out.getvalue()


def test_lines_tell_what_whose_and_why_and_how_to_delete() -> None:
    """A line for each thing, in columns, one that counts, and the command after a dry run."""
    things = [found(Action.WOULD_DELETE), found(Action.KEPT, "pca-22", "bob")]
    assert shown(sweeper.Outcome("111122223333", "eu-west-1", things, "sweep --delete")) == (
        f"would delete  domain  pca-1   alice, run {RUN}: expired\n"
        f"kept          domain  pca-22  bob, run {RUN}: expired\n"
        "1 would delete, 1 kept, 0 failed in account 111122223333, eu-west-1\n"
        "Nothing was changed; this deletes: sweep --delete\n"
    )


@pytest.mark.parametrize("command", ["", "sweep --delete"])
def test_no_command_is_shown_where_nothing_is_to_delete(command: str) -> None:
    """After a sweep that deletes, and where all is kept, nothing is left to be done."""
    text = shown(sweeper.Outcome("111122223333", "eu-west-1", [found(Action.KEPT)], command))
    assert "this deletes" not in text


def test_names_do_not_steer_the_terminal() -> None:
    """What a stranger wrote into a tag stays on its line."""
    text = shown(sweeper.Outcome("1", "r", [found(Action.KEPT, owner="\x1b[2J\n::error::")]))
    assert "?[2J?::error::, run" in text


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        ([], 0),
        ([Action.DELETED, Action.KEPT], 0),
        ([Action.DELETED, Action.FAILED], 1),
    ],
)
def test_exit_code_tells_failures(actions: Sequence[Action], code: int) -> None:
    """What is kept is no failure, what could not be deleted is one."""
    outcome = sweeper.Outcome("1", "r", [found(action) for action in actions])
    assert outcome.exit_code == code


def test_json_holds_every_field() -> None:
    """A program gets what a person gets, with times in ISO 8601."""
    out = io.StringIO()
    nameless = Found("role", "*", "", "", "", None, Action.FAILED, "cannot be listed")
    things = [found(Action.DELETED), nameless]
    sweeper.write_json(sweeper.Outcome("111122223333", "eu-west-1", things), out)
    assert json.loads(out.getvalue()) == {
        "account": "111122223333",
        "region": "eu-west-1",
        "dry_run": False,
        "found": [
            {
                "kind": "domain",
                "name": "pca-1",
                "arn": "arn:pca-1",
                "run": RUN,
                "owner": "alice",
                "expires": "2026-11-28T09:00:00+00:00",
                "action": "deleted",
                "reason": "expired",
            },
            {
                "kind": "role",
                "name": "*",
                "arn": "",
                "run": "",
                "owner": "",
                "expires": None,
                "action": "failed",
                "reason": "cannot be listed",
            },
        ],
        "counts": {"deleted": 1, "kept": 0, "failed": 1},
    }
