"""Memristor models: conductance, programming, noise, drift. Knows no HTM and no arrays of wires."""

HWSIM_HOUSE = "hwsim"
"""Marks this package as ours (see ``hwsim/__init__.py``)."""
