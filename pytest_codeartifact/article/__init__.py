"""Articles as test items, and the article that comes with the plugin."""
