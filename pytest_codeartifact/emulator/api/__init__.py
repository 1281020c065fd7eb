"""The machinery of the API door: the service's model, its wire format, declared operations."""
