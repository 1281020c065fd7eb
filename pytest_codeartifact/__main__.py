"""`python -m pytest_codeartifact` is the command line."""

from pytest_codeartifact.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
