"""Plays AWS for one account until nobody holds its standard input any more.

Arguments: folder of the state, account, Region, address behind public:pypi.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from pytest_codeartifact.codebuild.machine import LocalMachine
from pytest_codeartifact.emulator import wiring
from pytest_codeartifact.emulator.builds.machine import Yard
from pytest_codeartifact.emulator.configuration import Configuration
from tests.support.stand_in.moods import Moods
from tests.support.stand_in.strict import NotingAuthorizer, StrictNeighbours


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve."""
    state, account, region, public_pypi = sys.argv[1:]
    # With a journal, and where policies have a say in everything.
    vars(wiring).update(PolicyAuthorizer=NotingAuthorizer, Neighbours=StrictNeighbours)
    configuration = Configuration(
        state_path=Path(state),
        region=region,
        account=account,
        upstreams={"public:pypi": public_pypi},
    )
    # The port is known before the builds are that have to be told it.
    moods = Moods(lambda *_: [])
    server = make_server("127.0.0.1", 0, moods, threaded=True, request_handler=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    emulator = wiring.Emulator(configuration, Yard(LocalMachine.here(), url))
    moods.app = emulator.app
    threading.Thread(target=server.serve_forever, daemon=True).start()
    key = {
        "aws_access_key_id": emulator.owner.access_key_id,
        "aws_secret_access_key": emulator.owner.secret_access_key,
    }
    # Who starts it ends it; a terminal's Ctrl-C is for the test.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.write(json.dumps({"url": url, "key": key}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()
    emulator.close()
    os._exit(0)


main()
