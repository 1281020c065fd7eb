"""CodeBuild's door: AWS JSON 1.1, and the operations of this package."""

from pytest_codeartifact.emulator.api.door import Door
from pytest_codeartifact.emulator.api.json_protocol import JsonProtocol
from pytest_codeartifact.emulator.builds.calls import Call
from pytest_codeartifact.emulator.builds.operations import SERVICE, discover
from pytest_codeartifact.emulator.iam.authorize import Authorizer
from pytest_codeartifact.emulator.iam.gate import Gate


def open_door(template: Call, gate: Gate, authorizer: Authorizer) -> Door[Call]:
    """The door; `template` is a call without its caller.

    Neither the service's model nor its operations are loaded before the first request for it.
    """
    return Door(JsonProtocol(SERVICE), discover, template, gate, authorizer)
