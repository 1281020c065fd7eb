"""Removes from AWS what runs have left there, and nothing else.

Only what has a name that begins with the prefix of runs, carries all four of their tags, and is
past the end of life that these say is ever removed. With the id of a run it is exactly what that
run has made, whether its end of life has come or not. Everything else with such a name is told,
with the reason why it stays. What is gone already counts as gone, so a sweep may be repeated, and
may meet another one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.serving import PROGRAM
from pytest_codeartifact.targets.ownership import (
    DEFAULT_PREFIX,
    EXPIRES_TAG,
    PREFIX_PATTERN,
    RUN_TAG,
    TAGS,
    Claim,
)
from pytest_codeartifact.targets.patience import Patience
from pytest_codeartifact.targets.remains import (
    Domains,
    Kind,
    LogGroups,
    Named,
    Projects,
    Repositories,
    Roles,
    Thing,
    is_gone,
)
from pytest_codeartifact.targets.workspace import code_of

RUN_PATTERN = "[0-9a-f]{8}"
"""The id of a run, as its names and tags have it."""

_FAILURES = (BotoCoreError, ClientError, CodeArtifactError)
_STAMP_PATTERN = "[0-9]{8}t[0-9]{4}"
_SHOWN_TIME = "%Y-%m-%d %H:%M UTC"
_LONGEST_TAG = 40


class Action(StrEnum):
    """What a sweep does, or did, with a thing."""

    WOULD_DELETE = "would delete"
    DELETED = "deleted"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that a sweep has met, what was done with it, and why; times are UTC.

    `run`, `owner` and `expires` are what its tags say, empty and None without them. Where a whole
    kind could not be listed, `name` is `*` and there is no `arn`.
    """

    kind: str
    name: str
    arn: str
    run: str
    owner: str
    expires: datetime | None
    action: Action
    reason: str


class Caller(Protocol):
    """Whose permissions the sweep has."""

    @property
    def patience(self) -> Patience: ...
    def boto3_client(self, service: str) -> Any: ...  # noqa: ANN401 -- any service's


class Sweep:
    """Looks through an account, in the Region of the caller's clients."""

    def __init__(
        self,
        caller: Caller,
        *,
        prefix: str = DEFAULT_PREFIX,
        now: datetime,
        run: str | None = None,
    ) -> None:
        """`run` is the id of a run, None for whatever has expired by `now`.

        Raises CodeArtifactError for a prefix or an id that no run has.
        """
        if not re.fullmatch(PREFIX_PATTERN, prefix):
            raise CodeArtifactError(
                f"{prefix!r} is no prefix of runs", hint="2 to 12 lower-case letters and digits"
            )
        if run is not None and not re.fullmatch(RUN_PATTERN, run):
            raise CodeArtifactError(
                f"{run!r} is no id of a run", hint="8 hexadecimal digits, as in its names"
            )
        self._caller = caller
        self._prefix = prefix
        self._rule = _Rule(prefix, now, run)
        self._run = run

    def find(self) -> Sequence[Found]:
        """What there is, and what would become of it; nothing is changed."""
        look = self._look()
        look.through()
        return look.found()

    def remove(self) -> Sequence[Found]:
        """Remove what may go; what could not be removed is told with its error, never raised."""
        look = self._look()
        look.through()
        look.remove()
        return look.found()

    def command(self, account: str = "ID") -> str:
        """The command that removes what `find` tells."""
        region = self._caller.boto3_client("codeartifact").meta.region_name
        words = [PROGRAM, "sweep", "--account", account, "--region", region]
        words += ["--prefix", self._prefix] if self._prefix != DEFAULT_PREFIX else []
        words += ["--run", self._run] if self._run is not None else []
        return " ".join([*words, "--delete"])

    def _look(self) -> "_Look":
        client, patience = self._caller.boto3_client, self._caller.patience
        artifacts = client("codeartifact")
        return _Look(
            self._rule,
            patience,
            projects=Projects(client("codebuild"), patience.look_seconds),
            repositories=Repositories(artifacts),
            domains=Domains(artifacts),
            log_groups=LogGroups(client("logs"), f"{self._prefix}-"),
            roles=Roles(client("iam")),
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    """What may go."""

    prefix: str
    now: datetime
    run: str | None

    def is_named_so(self, name: str) -> bool:
        """Whether a run has given this name, or only the named one could have."""
        if self.run is None:
            return name.startswith(f"{self.prefix}-")
        stem = f"{re.escape(self.prefix)}-{_STAMP_PATTERN}-{self.run}"
        return re.fullmatch(f"{stem}(-.*)?", name) is not None

    def judged(self, thing: Thing, tags: Mapping[str, str]) -> Found:
        """What is to become of something with such a name, by its tags."""
        claim = Claim.read(tags)
        if claim is None:
            return _found(thing, None, Action.KEPT, _flaw(tags))
        if self.run is not None and claim.run != self.run:
            reason = f"has a tag {RUN_TAG} that names the run {claim.run}"
            return _found(thing, claim, Action.KEPT, reason)
        if self.run is not None:
            return _found(thing, claim, Action.WOULD_DELETE, f"made by the run {self.run}")
        if claim.expires > self.now:
            reason = f"has not expired: it may stay until {claim.expires:{_SHOWN_TIME}}"
            return _found(thing, claim, Action.KEPT, reason)
        reason = f"expired at {claim.expires:{_SHOWN_TIME}}"
        return _found(thing, claim, Action.WOULD_DELETE, reason)


class _Look:
    """One look through an account: what was met, by ARN, and what became of it."""

    def __init__(
        self,
        rule: _Rule,
        patience: Patience,
        *,
        projects: Projects,
        repositories: Repositories,
        domains: Domains,
        log_groups: LogGroups,
        roles: Roles,
    ) -> None:
        self._rule = rule
        self._patience = patience
        self._repositories = repositories
        self._domains = domains
        # In the order of removal: builds write logs and need their role, domains must be empty.
        self._kinds: Sequence[Kind] = (projects, repositories, domains, log_groups, roles)
        self._things: dict[str, Thing] = {}
        self._found: dict[str, Found] = {}

    def found(self) -> Sequence[Found]:
        """What was met, kind by kind."""
        order = [kind.name for kind in self._kinds]
        return sorted(self._found.values(), key=lambda each: (order.index(each.kind), each.name))

    def through(self) -> None:
        """Look at all that has the name of a run's, and judge it."""
        for kind in self._kinds:
            self._list(kind, self._rule.is_named_so)
        for domain in self._to_delete(self._domains):
            try:
                self._look_into(domain)
            except _FAILURES as error:
                self._note_failure(self._domains, domain, error)
            self._keep_if_held(domain)

    def remove(self) -> None:
        """Remove what was judged so."""
        for kind in self._kinds:
            for thing in self._to_delete(kind):
                with self._telling(kind, thing):
                    if kind is self._domains:
                        self._remove_domain(thing)
                    else:
                        kind.remove(thing)
                        self._note(thing, Action.DELETED)

    def _to_delete(self, kind: Kind) -> Sequence[Thing]:
        return [
            self._things[arn]
            for arn, found in self._found.items()
            if found.kind == kind.name and found.action is Action.WOULD_DELETE
        ]

    def _list(self, kind: Kind, is_named_so: Named) -> None:
        try:
            for thing in kind.listed(is_named_so):
                self._judge(kind, thing)
        except _FAILURES as error:
            reason = f"cannot be listed: {_line(error)}; look by hand: {kind.look_command}"
            everything = Thing(kind.name, "*", "")
            self._found[f"{kind.name} *"] = _found(everything, None, Action.FAILED, reason)

    def _judge(self, kind: Kind, thing: Thing) -> None:
        """Judge something once; what is gone meanwhile was never there."""
        if thing.arn in self._found:
            return
        self._things[thing.arn] = thing
        try:
            tags = kind.tags(thing) if thing.tags is None else thing.tags
        except _FAILURES as error:
            if not is_gone(error):
                reason = f"has tags that cannot be read: {_line(error)}"
                self._found[thing.arn] = _found(thing, None, Action.FAILED, reason)
            return
        self._found[thing.arn] = self._rule.judged(thing, tags)

    def _note(self, thing: Thing, action: Action, reason: str | None = None) -> None:
        found = self._found[thing.arn]
        self._found[thing.arn] = replace(found, action=action, reason=reason or found.reason)

    def _note_failure(self, kind: Kind, thing: Thing, error: Exception) -> None:
        by_hand = f"finish by hand: {kind.remove_command(thing)}"
        self._note(thing, Action.FAILED, f"{_line(error)}; {by_hand}")

    @contextmanager
    def _telling(self, kind: Kind, thing: Thing) -> Iterator[None]:
        """Tell of a thing's failure instead of raising it; somebody else may remove it, too."""
        try:
            yield
        except _FAILURES as error:
            if is_gone(error):
                self._note(thing, Action.DELETED)
            else:
                self._note_failure(kind, thing, error)

    # --- Domains -------------------------------------------------------------------------

    def _look_into(self, domain: Thing) -> Sequence[Thing]:
        """Judge the repositories in a domain of ours, whosever they are, and give them.

        A domain that is gone has none.
        """
        try:
            there = self._repositories.within(domain)
        except ClientError as error:
            if is_gone(error):
                return ()
            raise
        for repository in there:
            self._judge(self._repositories, repository)
        return [each for each in there if each.arn in self._found]

    def _remove_domain(self, domain: Thing) -> None:
        # What was deleted a moment ago may still count, and what was made may be listed late.
        self._patience.until(
            f"the repositories of {domain.name} to be gone",
            lambda: self._remove_empty(domain),
            lambda error: code_of(error) == "ConflictException",
        )

    def _remove_empty(self, domain: Thing) -> None:
        for repository in self._look_into(domain):
            if self._found[repository.arn].action is Action.WOULD_DELETE:
                with self._telling(self._repositories, repository):
                    self._repositories.remove(repository)
                    self._note(repository, Action.DELETED)
        self._keep_if_held(domain)
        if self._found[domain.arn].action is Action.WOULD_DELETE:
            self._domains.remove(domain)
            self._note(domain, Action.DELETED)

    def _keep_if_held(self, domain: Thing) -> None:
        """Keep a domain for the sake of what stays in it."""
        held = [
            thing
            for arn, thing in self._things.items()
            if thing.kind == self._repositories.name
            and thing.where.items() >= domain.where.items()
            and arn in self._found
            and self._found[arn].action in {Action.KEPT, Action.FAILED}
        ]
        if not held:
            return
        actions = {self._found[each.arn].action for each in held}
        why = ", and ".join(
            f"{each.where['repository']}, which {_clause(self._found[each.arn])}" for each in held
        )
        commands = [self._repositories.remove_command(each) for each in held]
        commands.append(self._domains.remove_command(domain))
        reason = f"it holds {why}; finish by hand: {'; '.join(commands)}"
        self._note(domain, Action.FAILED if Action.FAILED in actions else Action.KEPT, reason)


def _found(thing: Thing, claim: Claim | None, action: Action, reason: str) -> Found:
    return Found(
        kind=thing.kind,
        name=thing.name,
        arn=thing.arn,
        run=claim.run if claim else "",
        owner=claim.owner if claim else "",
        expires=claim.expires if claim else None,
        action=action,
        reason=reason,
    )


def _clause(found: Found) -> str:
    """Why a repository stays, as what follows a `which`."""
    return "could not be removed" if found.action is Action.FAILED else found.reason


def _flaw(tags: Mapping[str, str]) -> str:
    """Why tags are none of a run's."""
    missing = [name for name in TAGS if not tags.get(name)]
    if len(missing) == len(TAGS):
        return "has no tag of ours"
    if missing:
        return f"has no tag {', '.join(missing)}"
    name = EXPIRES_TAG if re.fullmatch(RUN_PATTERN, tags[RUN_TAG]) else RUN_TAG
    return f"has a tag {name} that cannot be read: {tags[name][:_LONGEST_TAG]!r}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
