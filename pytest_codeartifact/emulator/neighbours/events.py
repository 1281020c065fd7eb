"""Events into moto's EventBridge, and from there to what rules name as their targets."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def deliver(event: Mapping[str, Any]) -> None:
    """Give an event to the rules on its account's default bus; without rules this costs nothing.

    Raises ExceptionGroup of what kept rules from serving their targets, once all had their turn.

    Differs: a target has the event before the request that caused it is answered. Moto serves
    queues, log groups, archives and other buses; another target is a crash that is told of.
    """
    # Rules are made through this module only, so that it need not be loaded to look for them.
    models = sys.modules.get("moto.events.models")
    if models is None:
        return
    # Asked as dictionaries: moto's own look-up makes what is not there.
    of_account: dict[str, Any] = dict.get(models.events_backends, event["account"], {})
    backend = dict.get(of_account, event["region"])
    if backend is None:
        return
    failures = []
    for rule in list(backend.event_buses["default"].rules.values()):
        if rule.state == "ENABLED" and rule.event_pattern.get_pattern():
            try:
                _send(rule, event)
            except Exception as error:  # noqa: BLE001 - the other rules must have their turn
                failures.append(error)
    if failures:
        raise ExceptionGroup("rules of EventBridge failed", failures)


def _send(rule: Any, event: Mapping[str, Any]) -> None:  # noqa: ANN401 - moto's rule
    # Moto takes seconds since the epoch, and writes them as EventBridge does.
    moment = datetime.fromisoformat(event["time"]).timestamp()
    message = {**event, "time": moment}
    # Its default transformation loses the account, so it is used where a rule transforms only.
    transforms = any("InputTransformer" in target for target in rule.targets)
    if transforms:
        message["ingestion-time"] = moment
    rule.send_to_targets(message, transform_input=transforms)
