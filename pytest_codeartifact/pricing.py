"""What a run would cost on AWS, as far as prices are known here: an estimate, and from above."""

from pytest_codeartifact.findings import JSON

REQUESTS_USD = 0.05
PER_REQUESTS = 10_000
STORAGE_USD = 0.05
BUILD_MINUTE_USD = 0.005
"""A minute of a build on the smallest machine with Linux, from a public copy of 2026-05."""
SOURCE = "AWS Price List, service code AWSCodeArtifact, US Regions; read from a public copy"
PRICED = "2021-04-01"
"""The day from which the prices hold, as the list says."""

_GB = 1_000_000_000
_NOTE = (
    "An estimate from above: every byte that moved counts as stored for a whole month. "
    "Transfer to the Internet and taxes are left out, and so is the monthly free tier."
)


def estimate(requests: int, moved_bytes: int) -> JSON:
    """The cost in US dollars of that many requests, and of storing what they moved."""
    of_requests = requests * REQUESTS_USD / PER_REQUESTS
    of_storage = moved_bytes / _GB * STORAGE_USD
    return {
        "usd": round(of_requests + of_storage, 6),
        "requests_usd": round(of_requests, 6),
        "storage_usd": round(of_storage, 6),
        "price": {
            "requests_usd": REQUESTS_USD,
            "per_requests": PER_REQUESTS,
            "storage_usd_per_gb_month": STORAGE_USD,
        },
        "source": SOURCE,
        "date": PRICED,
        "note": _NOTE,
    }
