"""What runs may leave on AWS, kind by kind: how it is listed, what its tags say, how it goes.

Sources: "DeleteDomain" (CodeArtifact API Reference), "DeleteReportGroup" (CodeBuild API Reference),
"DeleteRole" (IAM API Reference), "ListTagsForResource" (CloudWatch Logs API Reference).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from botocore.exceptions import ClientError

from pytest_codeartifact.errors import BuildTimeout
from pytest_codeartifact.targets.builds import log_group_of
from pytest_codeartifact.targets.ownership import ROLE_PATH
from pytest_codeartifact.targets.workspace import code_of

Named: TypeAlias = Callable[[str], bool]
"""Whether a name is one that a run gives."""

_GONE = {"ResourceNotFoundException", "NoSuchEntity"}
_BUILD_SECONDS = 90.0
"""How long a build may take to end once it is told to."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that was listed; `where` are the arguments by which requests name it.

    `tags` are those that came with the listing, None where they have to be asked for.
    """

    kind: str
    name: str
    arn: str
    where: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None


class Kind(Protocol):
    """A kind of thing; its requests raise the errors of boto3 but for what is gone."""

    name: str

    @property
    def look_command(self) -> str:
        """By which command a person sees all of this kind."""
        ...

    def listed(self, is_named_so: Named) -> Iterator[Thing]:
        """Those with such a name."""
        ...

    def tags(self, thing: Thing) -> Mapping[str, str]:
        """The tags of something that came without them."""
        ...

    def remove(self, thing: Thing) -> None:
        """Remove it, with what is a part of it."""
        ...

    def remove_command(self, thing: Thing) -> str:
        """By which command a person removes it."""
        ...


class Projects:
    """CodeBuild's projects, each with its builds and their report groups."""

    name = "project"

    def __init__(self, client: Any, look_seconds: float) -> None:  # noqa: ANN401 -- a boto3 client
        """`look_seconds` is the pause between two looks at a build that is to end."""
        self._client = client
        self._look_seconds = look_seconds

    @property
    def look_command(self) -> str:
        return f"aws codebuild list-projects {_region(self._client)}"

    def listed(self, is_named_so: Named) -> Iterator[Thing]:
        for page in self._client.get_paginator("list_projects").paginate():
            # Asked for by name, for a policy may well keep strangers' projects from us.
            names = [name for name in page["projects"] if is_named_so(name)]
            if names:
                for told in self._client.batch_get_projects(names=names)["projects"]:
                    tags = _by_name(told.get("tags", ()), "key", "value")
                    yield Thing(self.name, told["name"], told["arn"], tags=tags)

    def tags(self, thing: Thing) -> Mapping[str, str]:
        return thing.tags or {}

    def remove(self, thing: Thing) -> None:
        """Remove it last: what stays of it is only found by it."""
        self._end_builds(thing.name)
        for page in self._client.get_paginator("list_report_groups").paginate():
            for arn in page["reportGroups"]:
                if f":report-group/{thing.name}-" in arn:
                    with _fine_if_gone():
                        self._client.delete_report_group(arn=arn, deleteReports=True)
        self._client.delete_project(name=thing.name)

    def remove_command(self, thing: Thing) -> str:
        return f"aws codebuild delete-project --name {thing.name} {_region(self._client)}"

    def _end_builds(self, project: str) -> None:
        """Stop the builds of a project and wait for their end; raises BuildTimeout."""
        deadline = time.monotonic() + _BUILD_SECONDS
        stopped: set[str] = set()
        while running := self._running(project):
            for identity in filter(lambda each: each not in stopped, running):
                self._client.stop_build(id=identity)
            stopped.update(running)
            if time.monotonic() > deadline:
                raise BuildTimeout(f"{running[0]} does not end")
            time.sleep(self._look_seconds)

    def _running(self, project: str) -> Sequence[str]:
        running: list[str] = []
        pages = self._client.get_paginator("list_builds_for_project").paginate(projectName=project)
        for page in pages:
            if page["ids"]:
                builds = self._client.batch_get_builds(ids=page["ids"])["builds"]
                running += [each["id"] for each in builds if not each["buildComplete"]]
        return running


class Repositories:
    """CodeArtifact's repositories, whose names are those of domain and repository."""

    name = "repository"

    def __init__(self, client: Any) -> None:  # noqa: ANN401 -- a boto3 client
        self._client = client

    @property
    def look_command(self) -> str:
        return f"aws codeartifact list-repositories {_region(self._client)}"

    def listed(self, is_named_so: Named) -> Iterator[Thing]:
        """Those of which the name is such a one, or that of the domain they are in."""
        for page in self._client.get_paginator("list_repositories").paginate():
            for told in page["repositories"]:
                if is_named_so(told["name"]) or is_named_so(told["domainName"]):
                    yield self._thing(told)

    def within(self, domain: Thing) -> Sequence[Thing]:
        """Those in a domain, whosever they are."""
        pages = self._client.get_paginator("list_repositories_in_domain").paginate(**domain.where)
        return [self._thing(told) for page in pages for told in page["repositories"]]

    def tags(self, thing: Thing) -> Mapping[str, str]:
        return _artifact_tags(self._client, thing)

    def remove(self, thing: Thing) -> None:
        self._client.delete_repository(**thing.where)

    def remove_command(self, thing: Thing) -> str:
        domain, repository = thing.where["domain"], thing.where["repository"]
        return (
            f"aws codeartifact delete-repository --domain {domain} --repository {repository} "
            f"{_region(self._client)}"
        )

    def _thing(self, told: Mapping[str, str]) -> Thing:
        where = {
            "domain": told["domainName"],
            "domainOwner": told["domainOwner"],
            "repository": told["name"],
        }
        return Thing(self.name, f"{told['domainName']}/{told['name']}", told["arn"], where)


class Domains:
    """CodeArtifact's domains; each goes only when no repository is in it."""

    name = "domain"

    def __init__(self, client: Any) -> None:  # noqa: ANN401 -- a boto3 client
        self._client = client

    @property
    def look_command(self) -> str:
        return f"aws codeartifact list-domains {_region(self._client)}"

    def listed(self, is_named_so: Named) -> Iterator[Thing]:
        for page in self._client.get_paginator("list_domains").paginate():
            for told in page["domains"]:
                if is_named_so(told["name"]):
                    where = {"domain": told["name"], "domainOwner": told["owner"]}
                    yield Thing(self.name, told["name"], told["arn"], where)

    def tags(self, thing: Thing) -> Mapping[str, str]:
        return _artifact_tags(self._client, thing)

    def remove(self, thing: Thing) -> None:
        self._client.delete_domain(**thing.where)

    def remove_command(self, thing: Thing) -> str:
        return f"aws codeartifact delete-domain --domain {thing.name} {_region(self._client)}"


class LogGroups:
    """The log groups of builds; CloudWatch names them after the projects."""

    name = "log group"

    def __init__(self, client: Any, prefix: str) -> None:  # noqa: ANN401 -- a boto3 client
        """`prefix` is what the names of projects begin with."""
        self._client = client
        self._prefix = log_group_of(prefix)

    @property
    def look_command(self) -> str:
        return (
            f"aws logs describe-log-groups --log-group-name-prefix {self._prefix} "
            f"{_region(self._client)}"
        )

    def listed(self, is_named_so: Named) -> Iterator[Thing]:
        pages = self._client.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=self._prefix
        )
        for page in pages:
            for told in page["logGroups"]:
                name = told["logGroupName"]
                if is_named_so(name.removeprefix(log_group_of(""))):
                    # With its streams in the end it names another thing to who asks for tags.
                    yield Thing(self.name, name, told["arn"].removesuffix(":*"))

    def tags(self, thing: Thing) -> Mapping[str, str]:
        found: Mapping[str, str] = self._client.list_tags_for_resource(resourceArn=thing.arn)[
            "tags"
        ]
        return found

    def remove(self, thing: Thing) -> None:
        self._client.delete_log_group(logGroupName=thing.name)

    def remove_command(self, thing: Thing) -> str:
        return f"aws logs delete-log-group --log-group-name {thing.name} {_region(self._client)}"


class Roles:
    """IAM's roles below the path of all that runs make, with their policies; of all Regions."""

    name = "role"

    def __init__(self, client: Any) -> None:  # noqa: ANN401 -- a boto3 client
        self._client = client

    @property
    def look_command(self) -> str:
        return f"aws iam list-roles --path-prefix {ROLE_PATH}"

    def listed(self, is_named_so: Named) -> Iterator[Thing]:
        for told in self._all("list_roles", "Roles", PathPrefix=ROLE_PATH):
            if is_named_so(told["RoleName"]):
                yield Thing(self.name, told["RoleName"], told["Arn"])

    def tags(self, thing: Thing) -> Mapping[str, str]:
        return _by_name(self._all("list_role_tags", "Tags", RoleName=thing.name), "Key", "Value")

    def remove(self, thing: Thing) -> None:
        role = {"RoleName": thing.name}
        # A role goes only without its policies.
        for name in self._all("list_role_policies", "PolicyNames", **role):
            with _fine_if_gone():
                self._client.delete_role_policy(**role, PolicyName=name)
        for told in self._all("list_attached_role_policies", "AttachedPolicies", **role):
            with _fine_if_gone():
                self._client.detach_role_policy(**role, PolicyArn=told["PolicyArn"])
        self._client.delete_role(**role)

    def remove_command(self, thing: Thing) -> str:
        return f"aws iam delete-role --role-name {thing.name}"

    def _all(self, operation: str, key: str, **asked: str) -> Sequence[Any]:
        """All that a listing tells, read to its end before any of it is removed."""
        pages = self._client.get_paginator(operation).paginate(**asked)
        return [each for page in pages for each in page[key]]


def is_gone(error: Exception) -> bool:
    """Whether an error says that something is not there any more."""
    return code_of(error) in _GONE


@contextmanager
def _fine_if_gone() -> Iterator[None]:
    """For a part of something: that it is gone does not mean that the whole is."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


def _artifact_tags(client: Any, thing: Thing) -> Mapping[str, str]:  # noqa: ANN401 -- a boto3 client
    told = client.list_tags_for_resource(resourceArn=thing.arn)["tags"]
    return _by_name(told, "key", "value")


def _by_name(told: Iterable[Mapping[str, str]], key: str, value: str) -> Mapping[str, str]:
    return {each[key]: each.get(value, "") for each in told}


def _region(client: Any) -> str:  # noqa: ANN401 -- a boto3 client
    return f"--region {client.meta.region_name}"
