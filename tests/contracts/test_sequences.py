"""Sequences of operations that nobody thought of, against the small model of `tests.support.model`.

Every answer is compared with the model's, and at the end of a sequence everything that can be
read. Errors of the emulator itself (5xx) are no answer the model ever gives.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.emulation import ACCOUNT, REGION, Emulation
from tests.support.model import NAMESPACE, PATTERNS, Model, Outcome, Refused

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

EXAMPLES = 2000
PARTS = 4
"""So many tests share the examples, that workers can share the tests."""
STEPS = 12
CONTENTS = (b"one content", b"another content")

REPOSITORIES = st.sampled_from(["store", "store", "base", "base", "side"])
PACKAGES = st.sampled_from(["demo", "demo", "other"])
VERSIONS = st.sampled_from(["1.0", "2.0"])
SOME_VERSIONS = st.lists(VERSIONS, min_size=1, max_size=2, unique=True)
UPSTREAMS = st.lists(REPOSITORIES, max_size=2)
CONTROLS = st.sampled_from(
    [("ALLOW", "ALLOW"), ("ALLOW", "ALLOW"), ("ALLOW", "BLOCK"), ("BLOCK", "ALLOW")]
)
EXPECTED = st.sampled_from([None, None, "Published", "Unlisted"])
PLACES = st.sampled_from(["", "store", "base"])
DOCUMENTS = st.sampled_from(
    [
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
        f'"Action":"codeartifact:{action}","Resource":"*"}}]}}'
        for action in ("ReadFromRepository", "Describe*")
    ]
)


class Sequences(RuleBasedStateMachine):
    """One domain of its own for each sequence; the emulator is the same for all."""

    client: "ClassVar[CodeArtifactClient]"
    _numbers: ClassVar[Iterator[int]] = count()

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.domain = f"domain-{next(self._numbers)}"
        self.client.create_domain(domain=self.domain)
        # Most rules need repositories, and few sequences would begin with making them.
        self.create_repository("base", [])
        self.create_repository("store", ["base"])

    def agree(self, expected: Callable[[], Any], operation: str, **request: Any) -> Any:  # noqa: ANN401 - boto3's
        """Call an operation; its answer where the model has one, else the same refusal."""
        call = partial(getattr(self.client, operation), domain=self.domain, **request)
        try:
            wanted = expected()
        except Refused as refused:
            with pytest.raises(ClientError, match=rf"\({refused}Exception\)"):
                call()
            return None
        return wanted, call()

    # --- Repositories ---

    @rule(name=REPOSITORIES, upstreams=UPSTREAMS)
    def create_repository(self, name: str, upstreams: list[str]) -> None:
        self.agree(
            lambda: self.model.create_repository(name, upstreams),
            "create_repository",
            repository=name,
            upstreams=_named(upstreams),
        )

    @rule(name=REPOSITORIES, upstreams=st.none() | UPSTREAMS)
    def update_repository(self, name: str, upstreams: list[str] | None) -> None:
        more = {} if upstreams is None else {"upstreams": _named(upstreams)}
        self.agree(
            lambda: self.model.update_repository(name, upstreams),
            "update_repository",
            repository=name,
            **more,
        )

    @rule(name=REPOSITORIES)
    def delete_repository(self, name: str) -> None:
        self.agree(lambda: self.model.delete_repository(name), "delete_repository", repository=name)

    # --- Packages and versions ---

    @rule(repository=REPOSITORIES, package=PACKAGES, controls=CONTROLS)
    def put_origin(self, repository: str, package: str, controls: tuple[str, str]) -> None:
        publish, upstream = controls
        self.agree(
            lambda: self.model.put_origin(repository, package, publish, upstream),
            "put_package_origin_configuration",
            repository=repository,
            **_package(package),
            restrictions={"publish": publish, "upstream": upstream},
        )

    @rule(
        repository=REPOSITORIES,
        package=PACKAGES,
        version=VERSIONS,
        asset=st.sampled_from(["a.bin", "b.bin"]),
        content=st.sampled_from(CONTENTS),
        finish=st.booleans(),
    )
    def publish(
        self,
        *,
        repository: str,
        package: str,
        version: str,
        asset: str,
        content: bytes,
        finish: bool,
    ) -> None:
        answer = self.agree(
            lambda: self.model.publish(
                repository, package, version, asset=asset, content=content, finish=finish
            ),
            "publish_package_version",
            repository=repository,
            **_package(package),
            packageVersion=version,
            assetName=asset,
            assetContent=content,
            assetSHA256=hashlib.sha256(content).hexdigest(),
            unfinished=not finish,
        )
        if answer:
            assert answer[1]["status"] == answer[0]

    @rule(repository=REPOSITORIES, package=PACKAGES, version=VERSIONS)
    def publish_whole(self, repository: str, package: str, version: str) -> None:
        # Beside the rule above, because little happens to versions that are not there.
        self.publish(
            repository=repository,
            package=package,
            version=version,
            asset="a.bin",
            content=CONTENTS[0],
            finish=True,
        )

    @rule(
        repository=REPOSITORIES,
        package=PACKAGES,
        versions=SOME_VERSIONS,
        to=st.sampled_from(["Archived", "Published", "Unlisted"]),
        expected=EXPECTED,
    )
    def update_status(
        self, repository: str, package: str, versions: list[str], to: str, expected: str | None
    ) -> None:
        self._change(repository, package, versions, to, expected, "update", targetStatus=to)

    @rule(repository=REPOSITORIES, package=PACKAGES, versions=SOME_VERSIONS, expected=EXPECTED)
    def dispose(
        self, repository: str, package: str, versions: list[str], expected: str | None
    ) -> None:
        self._change(repository, package, versions, "Disposed", expected, "dispose")

    @rule(repository=REPOSITORIES, package=PACKAGES, versions=SOME_VERSIONS, expected=EXPECTED)
    def delete_versions(
        self, repository: str, package: str, versions: list[str], expected: str | None
    ) -> None:
        self._change(repository, package, versions, "Deleted", expected, "delete")

    def _change(
        self,
        repository: str,
        package: str,
        versions: list[str],
        to: str,
        expected: str | None,
        verb: str,
        **more: str,
    ) -> None:
        if expected:
            more["expectedStatus"] = expected
        names = {"update": "update_package_versions_status"}
        answer = self.agree(
            lambda: self.model.change_status((repository, package), versions, to, expected),
            names.get(verb, f"{verb}_package_versions"),
            repository=repository,
            **_package(package),
            versions=versions,
            **more,
        )
        if answer:
            assert _outcome(answer[1]) == answer[0]

    @rule(
        package=PACKAGES,
        source=REPOSITORIES,
        destination=REPOSITORIES,
        versions=SOME_VERSIONS,
        overwrite=st.booleans(),
    )
    def copy(
        self, *, package: str, source: str, destination: str, versions: list[str], overwrite: bool
    ) -> None:
        answer = self.agree(
            lambda: self.model.copy(package, source, destination, versions, overwrite=overwrite),
            "copy_package_versions",
            sourceRepository=source,
            destinationRepository=destination,
            **_package(package),
            versions=versions,
            allowOverwrite=overwrite,
        )
        if answer:
            assert _outcome(answer[1]) == answer[0]

    @rule(repository=REPOSITORIES, package=PACKAGES)
    def delete_package(self, repository: str, package: str) -> None:
        self.agree(
            lambda: self.model.delete_package(repository, package),
            "delete_package",
            repository=repository,
            **_package(package),
        )

    # --- Package groups ---

    @rule(pattern=st.sampled_from(PATTERNS))
    def create_group(self, pattern: str) -> None:
        self.agree(
            lambda: self.model.create_group(pattern), "create_package_group", packageGroup=pattern
        )

    @rule(pattern=st.sampled_from(PATTERNS[1:]))
    def delete_group(self, pattern: str) -> None:
        self.agree(
            lambda: self.model.delete_group(pattern), "delete_package_group", packageGroup=pattern
        )

    @rule(pattern=st.sampled_from(PATTERNS), mode=st.sampled_from(["ALLOW", "BLOCK"]))
    def restrict_group(self, pattern: str, mode: str) -> None:
        self.agree(
            lambda: self.model.restrict_group(pattern, mode),
            "update_package_group_origin_configuration",
            packageGroup=pattern,
            restrictions={"PUBLISH": mode},
        )

    @rule(package=PACKAGES)
    def ask_for_group(self, package: str) -> None:
        answer = self.agree(
            lambda: self.model.group_of(package),
            "get_associated_package_group",
            **_package(package),
        )
        assert answer[1]["packageGroup"]["pattern"] == answer[0]

    # --- Policies and tags ---

    @rule(place=PLACES, document=DOCUMENTS)
    def put_policy(self, place: str, document: str) -> None:
        self.agree(
            lambda: self.model.put_policy(place, document),
            f"put_{_kind(place)}_permissions_policy",
            **_repository(place),
            policyDocument=document,
        )

    @rule(place=PLACES)
    def delete_policy(self, place: str) -> None:
        answer = self.agree(
            lambda: self.model.delete_policy(place),
            f"delete_{_kind(place)}_permissions_policy",
            **_repository(place),
        )
        if answer:
            assert answer[1]["policy"]["document"] == answer[0]

    @rule(
        place=PLACES, key=st.sampled_from(["stage", "owner"]), value=st.sampled_from(["", "a", "b"])
    )
    def tag(self, place: str, key: str, value: str) -> None:
        arn = self._arn(place)
        try:
            self.model.check_place(place)
        except Refused:
            with pytest.raises(self.client.exceptions.ResourceNotFoundException):
                self.client.tag_resource(resourceArn=arn, tags=[{"key": key, "value": value}])
            return
        self.client.tag_resource(resourceArn=arn, tags=[{"key": key, "value": value}])
        self.model.tags[place][key] = value
        told = self.client.list_tags_for_resource(resourceArn=arn)["tags"]
        assert {each["key"]: each["value"] for each in told} == self.model.tags[place]

    def _arn(self, place: str) -> str:
        stem = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"
        name = f"repository/{self.domain}/{place}" if place else f"domain/{self.domain}"
        return f"{stem}:{name}"

    # --- Everything that can be read ---

    def teardown(self) -> None:
        listed = self.client.list_repositories_in_domain(domain=self.domain)["repositories"]
        assert {each["name"] for each in listed} == set(self.model.repositories)
        for name, repository in self.model.repositories.items():
            place: dict[str, Any] = {"domain": self.domain, "repository": name}
            described = self.client.describe_repository(**place)["repository"]
            told = [each["repositoryName"] for each in described["upstreams"]]
            assert told == [upstream.name for upstream in repository.upstreams]
            packages = self.client.list_packages(**place)["packages"]
            assert {
                each["package"]: each["originConfiguration"]["restrictions"] for each in packages
            } == {
                key: {"publish": each.publish, "upstream": each.upstream}
                for key, each in repository.packages.items()
            }
            for package in repository.packages:
                self._check_versions(place, package)

    def _check_versions(self, place: dict[str, Any], package: str) -> None:
        model = self.model.repositories[place["repository"]].packages[package].versions
        told: Any = self.client.list_package_versions(**place, **_package(package))["versions"]
        assert {
            each["version"]: (
                each["status"],
                each["origin"]["domainEntryPoint"]["repositoryName"],
            )
            for each in told
        } == {key: (each.status, each.entered) for key, each in model.items()}
        for name, version in model.items():
            assets = self.client.list_package_version_assets(
                **place, **_package(package), packageVersion=name
            )["assets"]
            assert {each["name"]: each["hashes"]["SHA-256"] for each in assets} == {
                key: hashlib.sha256(content).hexdigest() for key, content in version.assets.items()
            }


def _named(upstreams: Iterable[str]) -> list[dict[str, str]]:
    return [{"repositoryName": upstream} for upstream in upstreams]


def _package(name: str) -> dict[str, Any]:
    return {"format": "generic", "namespace": NAMESPACE, "package": name}


def _repository(place: str) -> dict[str, str]:
    return {"repository": place} if place else {}


def _kind(place: str) -> str:
    return "repository" if place else "domain"


def _outcome(answer: Any) -> Outcome:  # noqa: ANN401 - a boto3 result
    return (
        {name: told["status"] for name, told in answer["successfulVersions"].items()},
        {name: told["errorCode"] for name, told in answer["failedVersions"].items()},
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_random_sequences_agree_with_the_model(
    tmp_path_factory: pytest.TempPathFactory, part: int
) -> None:
    """Whatever is done in whatever order, answers and state are those of the reference model."""
    quotas = Quotas(domains=10**6)
    with Emulation(tmp_path_factory.mktemp(f"part-{part}"), quotas=quotas) as emulation:
        Sequences.client = emulation.client()
        run_state_machine_as_test(
            Sequences,
            settings=settings(
                max_examples=EXAMPLES // PARTS,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                # Without explaining: that alone may take minutes.
                phases=[Phase.generate, Phase.shrink],
            ),
        )
        assert emulation.crashes() == []
