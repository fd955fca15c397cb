"""The figures of `scenarios.plots`, one kind a file. Only here is matplotlib imported."""
