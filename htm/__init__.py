"""The reference HTM: spatial pooler, encoders, classifier and the seam to hardware.

Pure algorithm; knows no hardware and can be used alone. Import what you need from its modules:
``from htm.pooler import SpatialPooler``.
"""

HWSIM_HOUSE = "hwsim"
"""Marks this package as ours: htm.core also installs a top-level ``htm`` (see ``hwsim/__init__.py``)."""
