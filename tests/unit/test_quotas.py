from pytest_codeartifact.emulator.quotas import Quotas


def test_defaults_are_those_of_the_service() -> None:
    """The numbers of the page "Quotas in AWS CodeArtifact"."""
    quotas = Quotas()
    assert quotas.domains == 10
    assert quotas.repositories_per_domain == 1000
    assert quotas.direct_upstreams == 10
    assert quotas.searched_repositories == 25
    assert quotas.asset_bytes == 5 * 1024 * 1024 * 1024
    assert quotas.assets_per_version == 350
    assert quotas.tags_per_resource == 50
