"""Events of package versions, as EventBridge carries them: kept for tests, and delivered.

Sources: "CodeArtifact event format and example" and "Monitoring CodeArtifact events" (AWS
CodeArtifact User Guide).
"""

import base64
import logging
import secrets
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import Asset, PackageVersion, VersionChange
from pytest_codeartifact.emulator.request_log import Journal
from pytest_codeartifact.redaction import redact

SOURCE = "aws.codeartifact"
DETAIL_TYPE = "CodeArtifact Package Version State Change"
DEDUPLICATION_BYTES = 32
log = logging.getLogger(__name__)


class Events:
    """Tells the accounts concerned of every version that is made, changed or deleted.

    Differs: deleting a repository tells nothing; whether the service sends an event for each
    version in it is not documented.
    """

    def __init__(
        self,
        told: Journal,
        crashes: Journal,
        clock: Clock,
        deliver: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """`deliver` gets each event after it was kept; when it raises, that is a crash."""
        self._told = told
        self._crashes = crashes
        self._clock = clock
        self._deliver = deliver
        self._sequence = 0

    def hear(self, changes: Sequence[VersionChange]) -> None:
        """Tell of what one write did; the store calls this for one write after the other."""
        for change in changes:
            repository = change.repository
            detail = self._detail(change)
            # AWS (Monitoring CodeArtifact events): the domain's owner and the administrator of the
            # repository, and one event only where both are the same account.
            for account in dict.fromkeys((repository.id.domain.owner, repository.administrator)):
                event = {
                    "version": "0",
                    "id": str(uuid.uuid4()),
                    "detail-type": DETAIL_TYPE,
                    "source": SOURCE,
                    "account": account,
                    "time": f"{datetime.fromtimestamp(self._clock.now(), UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "region": repository.id.domain.region,
                    "resources": [change.package.arn_in(repository.id)],
                    "detail": detail,
                }
                self._told.add(**event)
                self._hand_over(event)

    def _detail(self, change: VersionChange) -> dict[str, Any]:
        repository, package = change.repository, change.package
        shown = change.after or change.before
        assert shown is not None  # noqa: S101 - the store tells of versions that are or were there
        # A number for each event that is greater than all before, those of an earlier run of the
        # server too; AWS says that it may grow by any integer.
        self._sequence = max(self._sequence + 1, int(self._clock.machine_now() * 1000))
        return {
            "domainName": repository.id.domain.name,
            "domainOwner": repository.id.domain.owner,
            "repositoryName": repository.id.name,
            "repositoryAdministrator": repository.administrator,
            "packageFormat": package.format.value,
            "packageNamespace": package.namespace or None,
            "packageName": package.name,
            "packageVersion": shown.version,
            # Differs: what a deleted version shows here is not documented; here it is what it had.
            "packageVersionState": shown.status.value,
            "packageVersionRevision": shown.revision,
            "changes": changes_between(change.before, change.after),
            "operationType": _operation(change),
            "sequenceNumber": self._sequence,
            "eventDeduplicationId": base64.b64encode(
                secrets.token_bytes(DEDUPLICATION_BYTES)
            ).decode(),
        }

    def _hand_over(self, event: Mapping[str, Any]) -> None:
        try:
            self._deliver(event)
        except Exception as error:  # noqa: BLE001 - the change is made; who made it must not suffer
            what = f"event {event['id']} about {event['resources'][0]}"
            text = redact("".join(traceback.format_exception(error)))
            log.error("%s was not delivered\n%s", what, text)  # noqa: TRY400 - redacted
            self._crashes.add(request=what, request_id="", traceback=text)


def changes_between(before: PackageVersion | None, after: PackageVersion | None) -> dict[str, Any]:
    """How a version differs from what it was; what is not there has nothing of anything."""
    old, new = _assets(before), _assets(after)
    return {
        "assetsAdded": len(new.keys() - old.keys()),
        "assetsRemoved": len(old.keys() - new.keys()),
        "metadataUpdated": (before and before.manifest) != (after and after.manifest),
        "assetsUpdated": sum(old[name] != new[name] for name in old.keys() & new.keys()),
        "statusChanged": (before and before.status) != (after and after.status),
    }


def _assets(version: PackageVersion | None) -> dict[str, Asset]:
    return {asset.name: asset for asset in version.assets} if version else {}


def _operation(change: VersionChange) -> str:
    if change.before is None:
        return "Created"
    return "Deleted" if change.after is None else "Updated"
