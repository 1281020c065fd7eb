"""The inside of a build: what AWS CodeBuild runs in a container, from a buildspec to artifacts."""
