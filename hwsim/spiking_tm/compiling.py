"""Writes and compiles one network as a C++ program; run as a process of its own by `building`.

Brian2's choice between running and writing code is global to a process, so the process that asks keeps out of it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .network import Layout, network
from .synapses import EQUATIONS

RESULTS = {
    "spike_neuron": ("spikes", "i"),
    "spike_time": ("spikes", "t"),
    "dap_neuron": ("daps", "i"),
    "dap_time": ("daps", "t"),
    "brake_neuron": ("brake_spikes", "i"),
    "brake_time": ("brake_spikes", "t"),
}
"""What a run gives, by object and variable of the network; the kind of synapse adds its own."""

LINKS = {
    "pre": "synapses_sources",
    "post": "synapses_targets",
    "element": "drive_sources",
    "shown": "drive_targets",
}
"""What Brian2 calls the arrays of sources and targets."""


def write_program(form: Layout, folder: Path) -> None:
    """Compile the network of this structure in `folder`, with any links: the real ones come with each run.

    Leaves ``main``, ``static_arrays/`` and ``files.json``: which file holds which result, and which the links.
    """
    import brian2 as b2
    from brian2.devices.device import get_device

    # Brian2's own flags, and two more. The loop over neurons works on ten arrays that might overlap for all that the
    # compiler knows: it must be let check as many pairs. Linked so, numbers too small to matter are flushed to 0.
    gcc = b2.prefs.codegen.cpp.extra_compile_args_gcc
    b2.prefs.codegen.cpp.extra_compile_args_gcc = [*gcc, "--param=vect-max-version-for-alias-checks=1000"]
    b2.prefs.codegen.cpp.extra_link_args = ["-ffast-math"]
    b2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    neurons = form.populations * form.neurons
    k, s = (np.arange(n, dtype=np.int32) for n in (form.synapses, form.elements * form.neurons))
    any_links = {
        "pre": k % neurons,
        "post": (k + 1) % neurons,
        "element": s // form.neurons,
        "shown": s % neurons,
    }
    net, objects = network(form, any_links)
    objects["cells"].seconds = 1.0
    device = get_device()
    if form.kind != "ideal":
        # The values of a run are taken up before the seed, which is one of them.
        device.apply_run_args()
        b2.seed(0)
    net.run(1.0 * b2.second)
    device.build(directory=str(folder), compile=False, run=False, with_output=False)
    _free_run(folder / "main.cpp", device, objects, seeds=int(form.kind != "ideal"))
    _make(folder)
    own = {name: ("synapses", variable) for name, variable in EQUATIONS[form.kind].results.items()}
    files = {
        name: Path(device.get_array_filename(objects[group].variables[variable])).name
        for name, (group, variable) in (RESULTS | own).items()
    }
    links = {
        name: str(next((folder / "static_arrays").glob(f"*_array_{word}")).name)
        for name, word in LINKS.items()
    }
    (folder / "files.json").write_text(json.dumps({"results": files, "links": links}), encoding="utf-8")


def _make(folder: Path) -> None:
    """Compile, with the header that every file begins with read once: more than twice as fast."""
    text = (folder / "makefile").read_text(encoding="utf-8")
    flags = re.findall(r"^OPTIMISATIONS = (.*)$", text, flags=re.MULTILINE)[0].replace('"', "")
    header = ["g++", *flags.split(), "-I.", "-x", "c++-header", "objects.h", "-o", "objects.h.gch"]
    subprocess.run(header, cwd=folder, check=True)
    make = ["make", "-j2", f"OPTIMISATIONS={flags} -include objects.h"]
    subprocess.run(make, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _free_run(main: Path, device: Any, objects: dict[str, Any], seeds: int) -> None:
    """Let a run's length and seed come with its other values; Brian2 writes them into the program as literals."""
    name = device.get_array_name(objects["cells"].variables["seconds"])
    text, count = re.subn(r"memory\.run\([^,]+,", f"memory.run({name}[0],", main.read_text(encoding="utf-8"))
    if count != 1:
        raise RuntimeError("Brian2 writes the length of a run in another way than this was made for")
    name = device.get_array_name(objects["cells"].variables["seed"])
    text, count = re.subn(r"\.seed\([^)]*\)", f".seed((unsigned long) {name}[0])", text)
    if count != seeds:
        raise RuntimeError("Brian2 writes a seed in another way than this was made for")
    main.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_program(Layout(**json.loads(sys.argv[1])), Path(sys.argv[2]))
