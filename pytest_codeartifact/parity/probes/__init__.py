"""The probes, a module a theme; a new function in one of them is a new probe."""
