"""The service's limits, with the defaults of the page "Quotas in AWS CodeArtifact"."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits per account and region unless said otherwise; sizes are bytes.

    Differs: a version holds 350 assets in six Regions and 150 in the others; here 350 everywhere.
    """

    domains: int = 10
    repositories_per_domain: int = 1000
    direct_upstreams: int = 10
    searched_repositories: int = 25
    asset_bytes: int = 5 * 1024**3
    assets_per_version: int = 350
    tags_per_resource: int = 50
