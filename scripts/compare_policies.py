#!/usr/bin/env python3
"""Ask random questions both of this evaluator and of iam-simulate, and print where they disagree.

npm install --prefix scripts/oracle
python scripts/compare_policies.py [--cases 5000] [--seed 1]

Each disagreement is reduced to what it needs. It is a mistake of either side: what the
documentation decides for us becomes a test (tests/unit/iam/test_disagreements.py) and is known from
then on; any other is printed. The same seed makes the same cases.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Self, TypeVar

from pytest_codeartifact.emulator.iam.documents import (
    MalformedPolicy,
    read_identity_policy,
    read_resource_policy,
)
from pytest_codeartifact.emulator.iam.policy import (
    Applicable,
    ContextValue,
    Decision,
    Principal,
    Question,
    decide,
)

ORACLE_PATH = Path(__file__).parent / "oracle"
OWN, OTHER = "111122223333", "444455556666"
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{OWN}:role/builds/ci"
SESSION = f"arn:aws:sts::{OWN}:assumed-role/ci/nightly"
USER = f"arn:aws:iam::{OWN}:user/ann"
SERVICE = "codebuild.amazonaws.com"
OTHER_ROLE = f"arn:aws:iam::{OTHER}:role/shared"
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
VERDICTS = {
    "Allowed": Decision.ALLOWED,
    "ImplicitlyDenied": Decision.IMPLICIT_DENY,
    "ExplicitlyDenied": Decision.EXPLICIT_DENY,
}
KNOWN = {
    "no version, so no variables": r'"2008-10-17"(?:(?!"Version").)*\$\{',
    "a variable without value": r'"(?:\w+:)?(?:String|Arn)Not\w+": \{"[^"]+": \[?"[^"]*\$\{',
    "a variable without value in NotResource": r'"NotResource": \[?"[^"]*\$\{',
    "NotPrincipal without all that the principal is part of": r'"NotPrincipal"',
    "a session is named, its policy is silent": r'"session": .*"Principal": .*(?:nightly|\*)"',
    "ForAnyValue with IfExists": r'"ForAnyValue:\w+IfExists"',
    "every address": r'"0\.0\.0\.0/0"',
    "addresses of the other family": r'"(?:\w+:)?NotIpAddress\w*"',
    "a date and seconds": r'Date\w+": \{"aws:(?:EpochTime": \[?"20..-|\w+": \[?"\d{10}")',
    "a pattern that is no ARN": r'"(?:\w+:)?ArnNot\w+": \{[^}]*"arn:\*:iam:\*/ann"',
    "escaped signs": r'"(?:\w+:)?String\w*Equals\w*": \{[^}]*\$\{[*?$]\}',
}
"""What the rest of a disagreement looks like where the oracle is known to read AWS otherwise."""
Choice = TypeVar("Choice")
Document = dict[str, Any]
NOTHING: Document = {"context": {}, "identity": [], "boundary": None, "session": None}
NOTHING |= {"role": None, "attached": None}
"""What a case without any policy has."""


class Cases:
    """Random cases: often related to each other, so that every verdict happens often."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - cases, not secrets

    def case(self) -> Document:
        """A request and the policies that have a say in it."""
        account = self._pick(OWN, OWN, OTHER)
        action, resource = self._request(account)
        caller = self._pick(*[USER, SESSION] * 5, SERVICE if ":role/" in resource else USER)

        def policy(chance: float) -> Document | None:
            return self._policy(action, resource) if self._chance(chance) else None

        return {
            "principal": caller,
            "role": ROLE if caller == SESSION else None,
            "action": action,
            "resource": resource,
            "account": account,
            "context": self._context(caller),
            "identity": [policy(1.0) for _ in range((caller != SERVICE) * self._pick(0, 1, 1, 2))],
            "boundary": policy(0.25 * (caller != SERVICE)),
            "session": policy(0.25 * (caller == SESSION)),
            # Every role has a trust policy, and nothing is attached to what is nowhere.
            "attached": self._policy(action, resource, has_principals=True)
            if self._chance((resource != "*") * (1.0 if ":role/" in resource else 0.7))
            else None,
        }

    def _request(self, account: str) -> tuple[str, str]:
        arn = f"arn:aws:codeartifact:{REGION}:{account}"
        return self._pick(
            ("codeartifact:GetAuthorizationToken", f"{arn}:domain/team"),
            ("codeartifact:DescribeDomain", f"{arn}:domain/team"),
            ("codeartifact:ReadFromRepository", f"{arn}:repository/team/ann"),
            ("codeartifact:DeleteRepository", f"{arn}:repository/team/store"),
            ("codeartifact:PublishPackageVersion", f"{arn}:package/team/store/npm/scope/name"),
            ("codeartifact:TagResource", f"{arn}:domain/team"),
            ("codeartifact:CreateRepository", "*"),
            ("codeartifact:ListDomains", "*"),
            ("sts:GetServiceBearerToken", "*"),
            ("sts:AssumeRole", f"arn:aws:iam::{account}:role/shared"),
        )

    def _context(self, caller: str) -> dict[str, ContextValue]:
        context: dict[str, ContextValue] = {
            "aws:PrincipalArn": ROLE if caller == SESSION else USER,
            "aws:PrincipalAccount": OWN,
            "aws:SourceIp": self._pick("10.1.2.3", "203.0.113.7", "2001:db8::7"),
            "aws:SecureTransport": self._pick("true", "false"),
            "aws:RequestedRegion": self._pick(REGION, "us-east-1"),
            "aws:CurrentTime": self._pick("2026-03-01T12:00:00Z", "2026-07-01T00:00:00Z"),
            "aws:EpochTime": self._pick("1772366400", "1782864000"),
        }
        more: dict[str, ContextValue] = {
            "aws:PrincipalTag/team": self._pick("team", "store", "Team"),
            "aws:ResourceTag/team": self._pick("team", "store"),
            "aws:RequestTag/stage": self._pick("test", "live", "a*c"),
            "aws:TagKeys": self._pick(("stage",), ("stage", "team"), ("owner", "cost center")),
            "sts:AWSServiceName": self._pick("codeartifact.amazonaws.com", "ecr.amazonaws.com"),
            "sts:DurationSeconds": self._pick("0", "900", "43200"),
            "sts:ExternalId": self._pick("agreed", "guessed"),
            "aws:MultiFactorAuthAge": self._pick("10", "5000"),
        }
        context |= {key: value for key, value in more.items() if self._chance(0.6)}
        if caller == SESSION:
            return context | {"aws:TokenIssueTime": "2026-03-01T11:00:00Z"}
        return context | {"aws:username": "ann"}

    def _policy(self, action: str, resource: str, *, has_principals: bool = False) -> Document:
        statements = [
            self._statement(action, resource, has_principals=has_principals)
            for _ in range(self._pick(1, 1, 2, 3))
        ]
        version = self._pick(*["2012-10-17"] * 5, "2008-10-17")
        return {"Version": version, "Statement": statements}

    def _statement(self, action: str, resource: str, *, has_principals: bool) -> Document:
        statement: Document = {"Effect": self._pick("Allow", "Allow", "Allow", "Deny")}
        if has_principals:
            statement |= self._principals(statement["Effect"])
        element = self._pick(*["Action"] * 7, "NotAction")
        statement[element] = self._some(lambda: self._action(action))
        # A role's trust policy has no resources.
        if not has_principals or "sts:" not in action:
            element = self._pick(*["Resource"] * 7, "NotResource")
            statement[element] = self._some(lambda: self._resource(resource))
        if self._chance(0.5):
            statement["Condition"] = dict(self._condition() for _ in range(self._pick(1, 1, 1, 2)))
        return statement

    def _action(self, action: str) -> str:
        service, _, name = action.partition(":")
        return self._pick(
            *(action, "*", f"{service}:*", f"{service.upper()}:{name.lower()}"),
            *(f"{service}:{name[:4]}*", f"{service}:*{name[-5:]}", f"{service}:?{name[1:]}"),
            *("codeartifact:Get*", "codeartifact:List*", "sts:*", "s3:GetObject"),
        )

    def _resource(self, resource: str) -> str:
        if resource == "*":
            return self._pick("*", "*", "*", "arn:aws:codeartifact:*:*:*")
        head, _, name = resource.rpartition(":")
        service, kind, last = head.split(":")[2], name.partition("/")[0], name.rpartition("/")[2]
        return self._pick(
            *("*", resource, resource.upper().replace("ARN", "arn", 1), f"{resource}x"),
            *(f"{head}:*", f"{head}:{name[:-2]}*", f"{head}:{name[:-1]}?", f"{head}:{name}/*"),
            *(f"arn:aws:{service}:*:*:{name}", f"arn:*:{service}:*:{head[-12:]}:*"),
            *(f"arn:aws:{service}:*:*:{kind}/*{last}", f"arn:aws:{service}:*"),
            *(f"{head}:{name.removesuffix(last)}{self._variable()}", "arn:aws:s3:::*"),
        )

    def _variable(self) -> str:
        return self._pick(
            *("${aws:username}", "${AWS:UserName}", "${aws:PrincipalTag/team}", "${aws:TagKeys}"),
            *("${aws:PrincipalTag/none}", "${aws:PrincipalTag/none, 'store'}", "${*}", "${$}"),
            *("${aws:ResourceTag/team}", "te${?}", "${aws:RequestTag/stage}"),
        )

    def _principals(self, effect: str) -> Document:
        element = "NotPrincipal" if effect == "Deny" and self._chance(0.2) else "Principal"
        if element == "Principal" and self._chance(0.2):
            return {element: "*"}
        root = f"arn:aws:iam::{OWN}:root"
        named = self._some(
            lambda: self._pick(
                *(root, OWN, USER, ROLE, SESSION, USER, ROLE, SESSION, "*"),
                *(f"{USER}x", OTHER_ROLE, f"arn:aws:iam::{OTHER}:root", f"{SESSION}-2"),
            )
        )
        if element == "NotPrincipal":
            everybody = [root, USER, ROLE, SESSION]
            named = self._pick(named, everybody, everybody[:2], [root, ROLE, SESSION])
        service = {"Service": SERVICE} if self._chance(0.2) else {}
        return {element: {"AWS": named} | service}

    def _condition(self) -> tuple[str, Document]:
        kind = self._pick(*[self._strings] * 4, self._numbers, self._dates, self._others)
        name, key, values = kind()
        if name != "Null":
            if key == "aws:TagKeys" or self._chance(0.05):
                name = self._pick("ForAllValues:", "ForAnyValue:") + name
            name += self._pick("", "", "", "IfExists")
        return name, {key: self._some(lambda: self._pick(*values))}

    def _strings(self) -> tuple[str, str, Sequence[str]]:
        base = self._pick("Equals", "EqualsIgnoreCase", "Like", "NotEquals", "NotEqualsIgnoreCase")
        name = f"String{self._pick(base, base, 'NotLike')}"
        key, *values = self._pick(
            ("aws:PrincipalTag/team", "team", "TEAM", "t*", "s?ore"),
            ("aws:principaltag/TEAM", "team", "Team", "st*e"),
            ("aws:ResourceTag/team", "team", "store", "*a*"),
            ("aws:RequestTag/stage", "test", "live", "a*c", "a${*}c", "?*"),
            ("aws:TagKeys", "stage", "team", "STAGE", "cost*", "*"),
            ("aws:RequestedRegion", REGION, "us-east-1", "eu-*", "EU-WEST-1"),
            ("aws:username", "ann", "Ann", "an?"),
            ("sts:AWSServiceName", "codeartifact.amazonaws.com", "*.amazonaws.com"),
            ("sts:ExternalId", "agreed", "agree?"),
            ("aws:PrincipalAccount", OWN, OTHER),
        )
        return name, key, [*values, self._variable()]

    def _numbers(self) -> tuple[str, str, Sequence[str]]:
        key = self._pick("sts:DurationSeconds", "aws:MultiFactorAuthAge")
        numbers = ["0", "900", "3600", "43200", "-1", "900.0", "10.5"]
        return f"Numeric{self._pick(*ORDERS)}", key, numbers

    def _dates(self) -> tuple[str, str, Sequence[str]]:
        key = self._pick("aws:CurrentTime", "aws:TokenIssueTime", "aws:EpochTime")
        times = ["2026-03-01T12:00:00Z", "2026-06-01T00:00:00Z", "2026-07-01", "1772366400"]
        return f"Date{self._pick(*ORDERS)}", key, times

    def _others(self) -> tuple[str, str, Sequence[str]]:
        ranges = ["10.0.0.0/8", "203.0.113.7", "203.0.113.0/24", "2001:DB8::/32", "0.0.0.0/0"]
        arns = [USER, ROLE, f"arn:aws:iam::{OWN}:*", "arn:aws:iam::*:user/*", "arn:*:iam:*/ann"]
        arns += [f"arn:aws:iam::{OWN}:user/${{aws:username}}", "arn:aws:iam::????22223333:role/*"]
        arn_operator = self._pick("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals")
        return self._pick(
            ("Bool", "aws:SecureTransport", ["true", "false", "True"]),
            ("IpAddress", "aws:SourceIp", ranges),
            ("NotIpAddress", "aws:SourceIp", ranges),
            *[(arn_operator, "aws:PrincipalArn", arns)] * 2,
            ("Null", self._pick("aws:TagKeys", "aws:RequestTag/stage"), ["true", "false"]),
            ("Null", self._pick("aws:TokenIssueTime", "aws:username"), ["true", "false"]),
        )

    def _some(self, make: Callable[[], str]) -> str | list[str]:
        made = [make() for _ in range(self._pick(1, 1, 2, 3))]
        return made[0] if len(made) == 1 and self._chance(0.5) else made

    def _pick(self, *choices: Choice) -> Choice:
        return self._random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability


class Oracle:
    """iam-simulate in a process of its own, for as long as the context lasts."""

    def __enter__(self) -> Self:
        if not (ORACLE_PATH / "node_modules").is_dir():
            sys.exit(f"The oracle is not installed: npm install --prefix {ORACLE_PATH}")
        self._process = subprocess.Popen(
            ["node", "simulate.mjs"],  # noqa: S607 - whichever node the developer uses
            cwd=ORACLE_PATH,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, case: Document) -> Document:
        """What it says: a verdict and the condition keys it ignored, or an error."""
        asks, tells = self._process.stdin, self._process.stdout
        if asks is None or tells is None:
            raise RuntimeError("the oracle has no pipes")
        asks.write(f"{json.dumps(case)}\n")
        asks.flush()
        told: Document = json.loads(tells.readline())
        return told


def ask_ourselves(case: Document, ignored: Sequence[str]) -> Decision:
    """What our evaluator says of a case; the oracle's ignored condition keys are left out."""
    unknown = {key.lower() for key in ignored}
    service = case["principal"] if case["principal"] == SERVICE else None
    question = Question(
        Principal("" if service else OWN, case["principal"], case["role"], service),
        case["action"],
        case["resource"],
        frozenset({case["account"]}),
        {key: value for key, value in case["context"].items() if key.lower() not in unknown},
    )
    identity, boundary, session = (
        tuple(read_identity_policy(json.dumps(each)) for each in policies if each)
        for policies in (case["identity"], [case["boundary"]], [case["session"]])
    )
    attached = (read_resource_policy(json.dumps(case["attached"])),) if case["attached"] else ()
    applicable = Applicable(identity, next(iter(boundary), None), session or None, attached)
    return decide(question, applicable).decision


def compare(oracle: Oracle, case: Document) -> tuple[str, str]:
    """Our verdict and the oracle's, which says why where it has none."""
    told = oracle.ask(case)
    if "error" in told:
        return "", f"refused: {told['error'][:60]}"
    return ask_ourselves(case, told["ignored"]), VERDICTS[told["verdict"]]


def differs(oracle: Oracle, case: Document) -> bool:
    """Whether both have a verdict on a case, which may lack policies, and they are not the same."""
    if ":role/" in case.get("resource", "") and "attached" not in case:
        return False
    try:
        ours, theirs = compare(oracle, {**NOTHING, **case})
    except (MalformedPolicy, KeyError):
        return False
    return bool(ours) and ours != theirs


def reduced(case: Document, is_interesting: Callable[[Document], bool]) -> Document:
    """The case without what it can do without and stay interesting."""
    for *parents, last in reversed([*paths(case)]):
        if last in {"Version", "role"}:
            continue  # without them it is another case, not a smaller one
        smaller = deepcopy(case)
        place: Any = smaller
        for key in parents:
            place = place[key]
        del place[last]
        if is_interesting(smaller):
            case = smaller
    return case


def paths(value: Any, *before: str | int) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 - JSON
    """Where there is something in a JSON value: the outer before the inner."""
    items = enumerate(value) if isinstance(value, list) else ()
    for key, inner in value.items() if isinstance(value, dict) else items:
        yield *before, key
        yield from paths(inner, *before, key)


def main() -> None:
    """Make cases, ask both, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=5000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (%(default)s)")
    options = parser.parse_args()
    made = Cases(options.seed)
    verdicts: Counter[str] = Counter()
    known: Counter[str] = Counter()
    unknown: list[str] = []
    with Oracle() as oracle:
        for _ in range(options.cases):
            case = made.case()
            ours, theirs = compare(oracle, case)
            verdicts[theirs] += 1
            if not ours or ours == theirs:
                continue
            core = reduced(case, partial(differs, oracle))
            text = json.dumps(core)
            reason = next((name for name, look in KNOWN.items() if re.search(look, text)), None)
            if reason:
                known[reason] += 1
            else:
                unknown.append(f"{ours} here, {theirs} there, even of {text}")
    for title, counts in (("the oracle says", verdicts), ("known disagreements", known)):
        sys.stdout.write(f"{title}:\n")
        sys.stdout.writelines(f"{n:7}  {name}\n" for name, n in counts.most_common())
    sys.stdout.writelines(f"{line}\n" for line in unknown)
    sys.stdout.write(f"{len(unknown)} unknown disagreements in {options.cases} cases\n")
    sys.exit(bool(unknown))


if __name__ == "__main__":
    main()
