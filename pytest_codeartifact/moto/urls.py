"""The addresses under which moto finds CodeArtifact: its API, and the endpoints of its domains."""

import re

from pytest_codeartifact.moto.responses import answer_action, answer_client

SERVICE = "codeartifact"
# Moto adds the host names of China itself, where a base ends with this suffix.
url_bases = [
    r"https?://codeartifact(?:-fips)?\.[^./]+\.amazonaws\.com",
    r"https?://codeartifact(?:-fips)?\.[^./]+\.api\.aws",
    r"https?://[^./]+-[0-9]{12}\.d\.codeartifact\.[^./]+\.amazonaws\.com",
    r"https?://[^./]+-[0-9]{12}\.codeartifact\.[^./]+\.on\.aws",
]
# Moto's server makes rules of what it can name, so these are named groups.
url_paths = {
    "{0}/v1/(?P<operation>.+)$": answer_action,
    "{0}/(?P<below>.*)$": answer_client,
}
ADDRESSES = [(SERVICE, re.compile(base)) for base in url_bases]
"""What moto's list of services gets."""
