import pytest

from pytest_codeartifact.emulator.entities import PackageFormat
from pytest_codeartifact.emulator.errors import Validation
from pytest_codeartifact.emulator.operations.lookups import package_id


@pytest.mark.parametrize("word", ["maven", "swift", "generic"])
def test_namespace_is_needed(word: str) -> None:
    """MODEL: these formats have no package without a namespace."""
    with pytest.raises(Validation):
        package_id({"format": word, "package": "demo"})
    assert package_id({"format": word, "package": "demo", "namespace": "ns"}).namespace == "ns"


@pytest.mark.parametrize("word", ["pypi", "nuget", "ruby", "cargo"])
def test_namespace_is_not_allowed(word: str) -> None:
    """MODEL: these formats have no namespaces."""
    with pytest.raises(Validation):
        package_id({"format": word, "package": "demo", "namespace": "ns"})
    assert package_id({"format": word, "package": "demo"}).format is PackageFormat(word)


def test_namespace_may_be_there() -> None:
    """MODEL: an npm scope is optional."""
    assert package_id({"format": "npm", "package": "demo"}).namespace == ""
    assert package_id({"format": "npm", "package": "demo", "namespace": "s"}).namespace == "s"
