"""How pytest-xdist hands out tests when articles and notebooks are among them."""

from xdist.scheduler import LoadGroupScheduling


class DocumentScheduling(LoadGroupScheduling):
    """Gives all steps of a document to one worker; other tests go as in `--dist=loadgroup`.

    The steps build on each other. Group marks do not suffice: pytest-xdist 3.8 loses them with
    pytest 9.2 (its issue 1386), and knows them in no other mode than `loadgroup`.
    """

    def _split_scope(self, nodeid: str) -> str:
        file_name, _, _ = nodeid.partition("::")
        return file_name if file_name.endswith((".md", ".ipynb")) else super()._split_scope(nodeid)
