"""An article that is being followed: its private home, its account, and how each step went."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from packaging.utils import canonicalize_name

from pytest_codeartifact.article.provenance import ServedAsset, unproven
from pytest_codeartifact.tools.toolbox import Tools
from pytest_codeartifact.transcripts.blocks import Step
from pytest_codeartifact.transcripts.matching import Bindings
from pytest_codeartifact.transcripts.session import ConsoleSession
from pytest_codeartifact.transcripts.steps import StepFailed, Transcript

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient


class ArticleTarget(Protocol):
    """An account for one article, which nobody else uses: what is found in it is the article's."""

    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def endpoint_url(self) -> str: ...
    def environment(self) -> Mapping[str, str]: ...
    def requests(self) -> Sequence[Mapping[str, Any]]: ...
    def client(self) -> "CodeArtifactClient": ...


class StepNeeded(Exception):
    """A step cannot be done because one before it failed."""

    def __init__(self, step: Step, failure: StepFailed) -> None:
        super().__init__(step.id, failure)
        self.step = step
        self.failure = failure

    def __str__(self) -> str:
        return f"needs step {self.step.id}"


class Walk:
    """Follows an article once; how a step went is remembered."""

    def __init__(
        self, document: str, steps: Sequence[Step], target: ArticleTarget, outside_index: str | None
    ) -> None:
        """Make a private home; `outside_index` is the index pip has before any login."""
        self._steps = steps
        self._target = target
        self._done: dict[str, StepFailed | None] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="codeartifact-article-"))
        try:
            self.tools = Tools.create(
                self._folder / "home", account=target.environment(), outside_index=outside_index
            )
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        home = self.tools.home
        session = ConsoleSession(home.environment(), home.work_path, self.tools.log)
        self._transcript = Transcript(document, session, _known(target))

    def reach(self, step: Step) -> None:
        """Do every step up to and including `step` that was not done yet.

        Raises StepFailed when this step fails, and StepNeeded when an earlier one did.
        """
        for each in self._steps:
            if each.skip_reason is None and each.id not in self._done:
                self._done[each.id] = self._follow(each)
            failure = self._done.get(each.id)
            if each.id == step.id:
                if failure is not None:
                    raise failure
                return
            if failure is not None:
                raise StepNeeded(each, failure)

    def close(self) -> None:
        """End the session, remove the article's domains and the private home."""
        try:
            self._transcript.session.close()
            _remove_domains(self._target.client())
        finally:
            shutil.rmtree(self._folder)

    def _follow(self, step: Step) -> StepFailed | None:
        try:
            self._transcript.follow(step)
            self._check_provenance(step)
        except StepFailed as failure:
            return failure
        return None

    def _check_provenance(self, step: Step) -> None:
        for name in step.provenance:
            path = self.tools.home.work_path / name
            findings = unproven(path, self._target.requests(), self._fetch)
            if findings:
                details = [f"what is installed in {name} is not proven to be the repository's:"]
                details += [f"  {finding}" for finding in findings]
                details.append("try: pip -v install shows the address each file comes from")
                raise StepFailed(self._transcript.document, step, step.line, details)

    def _fetch(self, asset: ServedAsset) -> bytes:
        """The bytes a repository holds (AWS API reference: GetPackageVersionAsset)."""
        answer = self._target.client().get_package_version_asset(
            domain=asset.domain,
            domainOwner=asset.owner,
            repository=asset.repository,
            format="pypi",
            package=canonicalize_name(asset.package),
            packageVersion=asset.version,
            asset=asset.name,
        )
        return answer["asset"].read()


def _known(target: ArticleTarget) -> Bindings:
    return {"account": target.account, "region": target.region}


def _remove_domains(client: "CodeArtifactClient") -> None:
    for domains in client.get_paginator("list_domains").paginate():
        for domain in domains["domains"]:
            name = domain["name"]
            pages = client.get_paginator("list_repositories_in_domain").paginate(domain=name)
            for repository in [each for page in pages for each in page["repositories"]]:
                client.delete_repository(domain=name, repository=repository["name"])
            client.delete_domain(domain=name)
