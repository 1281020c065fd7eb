"""AWS CodeBuild: its API, and what it does around the container in which a build runs."""
