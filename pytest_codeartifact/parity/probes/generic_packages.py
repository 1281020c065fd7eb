"""Generic packages: hashes, finished versions, the same file again."""

import hashlib

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, names_of

_CONTENT = b"content of a probe\n"
_SHA256 = hashlib.sha256(_CONTENT).hexdigest()


@probe(settles="the refusals of wrong hashes and finished versions, and the same file again")
def generic_publishing(scene: Scene, saw: Recorder) -> None:
    """Publish files of a version until it is finished, and one more."""
    client, repository = scene.client(), scene.repository()
    names = {
        **names_of(repository),
        "format": "generic",
        "namespace": "probe",
        "package": "generic",
        "packageVersion": "1.0.0",
    }
    publish = client.publish_package_version
    file = {"assetName": "one.txt", "assetContent": _CONTENT, "assetSHA256": _SHA256}
    saw.api("a wrong hash", publish, **names, **{**file, "assetSHA256": "0" * 64})
    saw.api("the first file", publish, **names, **file, unfinished=True)
    saw.api("the same file again", publish, **names, **file, unfinished=True)
    other = hashlib.sha256(b"other").hexdigest()
    changed = {**file, "assetContent": b"other", "assetSHA256": other}
    saw.api("other bytes under the name", publish, **names, **changed, unfinished=True)
    saw.api("the last file", publish, **names, **{**file, "assetName": "two.txt"})
    saw.api("one more file", publish, **names, **{**file, "assetName": "three.txt"})
    saw.api("the version", client.describe_package_version, **names)
    saw.api(
        "its assets",
        client.list_package_version_assets,
        **names,
    )
    saw.api(
        "no format of this kind",
        publish,
        **{**names, "format": "pypi"},
        **file,
    )
