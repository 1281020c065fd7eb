"""Permissions of roles: texts of denials, and what a call is evaluated on."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene
from pytest_codeartifact.targets import Capability

_BEARER = "sts:GetServiceBearerToken"
_KEYS = ("kms:CreateGrant", "kms:DescribeKey")


def _on(resource: str, *actions: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@probe(settles="the text of each denial on the way to a token", needs=[Capability.IDENTITIES])
def token_denied(scene: Scene, saw: Recorder) -> None:
    """Ask for a token without either of the two permissions, and without any."""
    domain = scene.domain.name
    role = scene.role(["codeartifact:GetAuthorizationToken"])
    ask = role.client().get_authorization_token
    saw.api("without the bearer token's permission", ask, domain=domain)
    role.allow([_BEARER])
    saw.api("without the service's permission", ask, domain=domain)
    role.allow([])
    saw.api("without any permission", ask, domain=domain)
    denied = {"Effect": "Deny", "Action": "codeartifact:GetAuthorizationToken", "Resource": "*"}
    role.allow([_BEARER, "codeartifact:GetAuthorizationToken", denied])
    saw.api("where it is denied", ask, domain=domain)


@probe(
    settles="which duration a condition sees where none was asked for",
    needs=[Capability.IDENTITIES],
)
def token_duration_condition(scene: Scene, saw: Recorder) -> None:
    """Allow tokens of limited durations, and ask without one."""
    domain = scene.domain.name
    role = scene.role([])
    for seconds in (43200, 3600, 900):
        condition = {"NumericLessThanEquals": {"sts:DurationSeconds": str(seconds)}}
        bearer = {**_on("*", _BEARER), "Condition": condition}
        role.allow(["codeartifact:GetAuthorizationToken", bearer])
        ask = role.client().get_authorization_token
        saw.outcome(f"at most {seconds} seconds, none asked for", ask, domain=domain)
        saw.outcome(
            f"at most {seconds} seconds, 900 asked for", ask, domain=domain, durationSeconds=900
        )


@probe(
    settles="on which ARN creating is evaluated, and whether tags need a permission",
    needs=[Capability.IDENTITIES],
)
def what_calls_are_evaluated_on(scene: Scene, saw: Recorder) -> None:
    """Create with a role whose permissions are limited to one ARN each time."""
    keys = _on("*", *_KEYS)
    role = scene.role([keys])
    client = role.client()

    name = scene.name("domain")
    scene.expect_domain(name)
    arn = scene.arn("domain", name)
    role.allow([keys, _on(arn, "codeartifact:CreateDomain")])
    saw.api("create a domain with tags", client.create_domain, domain=name, tags=scene.tags)
    second = scene.name("domain")
    scene.expect_domain(second)
    arn = scene.arn("domain", second)
    role.allow([keys, _on(arn, "codeartifact:CreateDomain", "codeartifact:TagResource")])
    saw.api(
        "create a domain that may be tagged", client.create_domain, domain=second, tags=scene.tags
    )

    domain = scene.domain
    for step, resource in (
        ("the domain", domain.arn),
        ("the repository", scene.arn("repository", domain.name, "*")),
    ):
        repository = scene.unmade_repository()
        role.allow([_on(resource, "codeartifact:CreateRepository", "codeartifact:TagResource")])
        saw.api(
            f"create a repository, allowed on {step}",
            client.create_repository,
            domain=domain.name,
            repository=repository,
            tags=scene.tags,
        )


@probe(
    settles="on which ARN listing domains is evaluated",
    needs=[Capability.IDENTITIES],
)
def what_listing_is_evaluated_on(scene: Scene, saw: Recorder) -> None:
    """List with a role whose permission is limited to domains, and one that may list everything."""
    role = scene.role([])
    client = role.client()
    for step, resource in (("domains", scene.arn("domain", "*")), ("everything", "*")):
        role.allow([_on(resource, "codeartifact:ListDomains")])
        saw.outcome(f"list domains, allowed on {step}", client.list_domains)


@probe(
    settles="whether a domain's policy for the whole account lets a role in without its own",
    needs=[Capability.IDENTITIES],
)
def domain_policy_for_the_account(scene: Scene, saw: Recorder) -> None:
    """Allow the account in a domain's policy, and ask as a role without permissions."""
    import json  # noqa: PLC0415 -- this probe alone

    domain, role = scene.new_domain(), scene.role([])
    for step, principal in (
        ("the account", f"arn:aws:iam::{scene.account}:root"),
        ("the role", role.arn),
    ):
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "codeartifact:DescribeDomain",
            "Resource": "*",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        scene.client().put_domain_permissions_policy(domain=domain.name, policyDocument=document)
        scene.settle()
        saw.api(f"a policy for {step}", role.client().describe_domain, domain=domain.name)
