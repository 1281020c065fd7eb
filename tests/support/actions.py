"""The IAM actions of the service.

Source: "Actions, resources, and condition keys for AWS CodeArtifact" (Service Authorization
Reference).
"""

NO_RESOURCE = frozenset(
    {"CreateDomain", "CreateRepository", "CreatePackageGroup", "ListDomains", "ListRepositories"}
)
ON_DOMAIN = frozenset(
    {
        "DescribeDomain",
        "DeleteDomain",
        "GetAuthorizationToken",
        "GetDomainPermissionsPolicy",
        "PutDomainPermissionsPolicy",
        "DeleteDomainPermissionsPolicy",
        "ListRepositoriesInDomain",
        "ListPackageGroups",
    }
)
ON_REPOSITORY = frozenset(
    {
        "DescribeRepository",
        "UpdateRepository",
        "DeleteRepository",
        "GetRepositoryEndpoint",
        "ReadFromRepository",
        "ListPackages",
        "AssociateExternalConnection",
        "DisassociateExternalConnection",
        "AssociateWithDownstreamRepository",
        "GetRepositoryPermissionsPolicy",
        "PutRepositoryPermissionsPolicy",
        "DeleteRepositoryPermissionsPolicy",
    }
)
ON_PACKAGE = frozenset(
    {
        "DescribePackage",
        "DescribePackageVersion",
        "DeletePackage",
        "DeletePackageVersions",
        "DisposePackageVersions",
        "ListPackageVersions",
        "ListPackageVersionAssets",
        "ListPackageVersionDependencies",
        "GetPackageVersionAsset",
        "GetPackageVersionReadme",
        "PublishPackageVersion",
        "PutPackageMetadata",
        "PutPackageOriginConfiguration",
        "UpdatePackageVersionsStatus",
        "CopyPackageVersions",
    }
)
ON_PACKAGE_GROUP = frozenset(
    {
        "DescribePackageGroup",
        "UpdatePackageGroup",
        "UpdatePackageGroupOriginConfiguration",
        "DeletePackageGroup",
        "GetAssociatedPackageGroup",
        "ListAllowedRepositoriesForGroup",
        "ListAssociatedPackages",
        "ListSubPackageGroups",
    }
)
ON_TAGGED = frozenset({"TagResource", "UntagResource", "ListTagsForResource"})
ACTIONS = NO_RESOURCE | ON_DOMAIN | ON_REPOSITORY | ON_PACKAGE | ON_PACKAGE_GROUP | ON_TAGGED
