"""Tags: reserved keys, absent keys, missing resources."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene


@probe(settles="the refusals of tags, and whether taking away an absent one is an error")
def tags(scene: Scene, saw: Recorder) -> None:
    """Set and take away tags that cannot be, or are not there."""
    client, repository = scene.client(), scene.repository()
    arn = repository.arn
    missing = scene.arn("repository", repository.domain.name, scene.name("repository"))
    reserved = [{"key": "aws:x", "value": "y"}]
    saw.api("a reserved key", client.tag_resource, resourceArn=arn, tags=reserved)
    again = [{"key": "stage", "value": "one"}, {"key": "stage", "value": "two"}]
    saw.api("one key twice", client.tag_resource, resourceArn=arn, tags=again)
    saw.api("an absent key", client.untag_resource, resourceArn=arn, tagKeys=["absent"])
    saw.api("the tags of nothing", client.list_tags_for_resource, resourceArn=missing)
    saw.api("the tags of no resource", client.list_tags_for_resource, resourceArn="arn:x")
