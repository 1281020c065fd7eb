"""Package groups: patterns, what they match, and what cannot be."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene


@probe(settles="which patterns are taken, and which group a name belongs to, and how")
def group_patterns(scene: Scene, saw: Recorder) -> None:
    """Create groups of several patterns and ask for the groups of several names."""
    client, domain = scene.client(), scene.new_domain()
    for pattern in ("/python//requests$", "/pypi//requests$", "/pypi//demo~", "/pypi/requests"):
        saw.api(
            f"create {pattern}",
            client.create_package_group,
            domain=domain.name,
            packageGroup=pattern,
            tags=scene.tags,
        )
    for name in ("requests", "Requests", "requests-foo", "demo", "demo-ui", "demofoo"):
        saw.api(
            f"the group of {name}",
            client.get_associated_package_group,
            domain=domain.name,
            format="pypi",
            package=name,
        )
    saw.api("list them", client.list_package_groups, domain=domain.name)


@probe(settles="the refusals of groups that exist, are missing, or must stay")
def group_refusals(scene: Scene, saw: Recorder) -> None:
    """Delete the root group, create a group twice, and describe a missing one."""
    client, domain = scene.client(), scene.new_domain()
    group = {"domain": domain.name, "packageGroup": "/pypi/*"}
    create = client.create_package_group
    root = {"domain": domain.name, "packageGroup": "/*"}
    saw.api("describe the root group", client.describe_package_group, **root)
    saw.api("delete the root group", client.delete_package_group, **root)
    saw.api("describe a missing group", client.describe_package_group, **group)
    saw.api("delete a missing group", client.delete_package_group, **group)
    saw.api("create a group", create, **group, tags=scene.tags)
    saw.api("create the same group again", create, **group, tags=scene.tags)
    saw.api(
        "let the root group inherit",
        client.update_package_group_origin_configuration,
        **root,
        restrictions={"PUBLISH": "INHERIT"},
    )
