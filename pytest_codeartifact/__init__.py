"""Learn, test and gate AWS CodeArtifact: a pytest plugin with an embedded CodeArtifact."""

__version__ = "0.1.0"
