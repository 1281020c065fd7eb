"""Console transcripts: read from Markdown, run, and compared with what really happens."""
