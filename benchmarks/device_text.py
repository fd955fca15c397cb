"""What docs/devices.md says besides the presets' and models' own words."""

INTRODUCTION = """\
# Devices

Memristors for the synapses of an array: one parameter set a paper, all under the same field names. This page is
written by `python benchmarks/device_pages.py` from the presets and models themselves; do not edit it.

- A preset by its name, any field changed: `hwsim run digits --set device=pcm_joshi2020 --set device.read_sigma=0.02`
- On the command line: `hwsim device list`, `hwsim device show NAME`, `hwsim device plot NAME`
- In Python: `from devices.presets import device_from; device_from("rram_wan2022")`
- [Your own measurements](#bring-your-own), [faults](#named-faults), [every field](#mechanisms),
  [models](#models), [physical models](#physical-models)

Of each number a preset says whether it is *printed* (in the source), *fitted* (to the source's data; by whom is said)
or *assumed*. `checks` counts the statistics that simulated cells were compared in with the source's own formula or
table, computed without the models' code; `worst` is the largest deviation over what is allowed: 4.5 standard errors
where cells are drawn, 0.01 % where nothing is, a share that the check states where pulse trains are compared with
pulse-after-pulse simulations. 30 % on any one number of a preset, unless it is assumed, breaks a check (tested).

Pictures: SET then RESET pulses (increments where a controller writes; mean, single cells, 5-95 % of cells and, darker,
of one cell's cycles); levels written once each, share of cells on a logarithmic scale; retention, median and 5-95 %.
"""

FAULTS = """\
`device.faults` sets both stuck shares at once. The 1.75 % and 9.04 % of a 4 Mb HfO2 test chip are quoted second hand
for Chen et al., IEEE Transactions on Computers 64(1), 180 (2015); sources disagree on which is which, so both ways
have a name. Over-forming leaves a cell in its low resistance, which argues for `chen2015_mostly_on`. Simulate both.
A share given by hand gives up the name: `--set device.stuck_off_fraction=0.05`.
"""

BRING_YOUR_OWN = """\
## Bring your own

```bash
hwsim device fit pulses.csv retention.csv -o mine.toml
hwsim device show mine.toml
hwsim device plot mine.toml -o mine.png
hwsim run digits --set device=mine.toml
```

A file's kind is known from its columns; a header may carry its unit in brackets, `conductance [uS]`, `time [h]`.

| file | columns | may be absent |
| --- | --- | --- |
| pulses | `pulse`, `polarity`, `conductance` | `device`, `cycle` |
| retention | `time`, `conductance` | `device`, `target`, `temperature` |
| reads | `read`, `conductance` | `device`, `time` |
| iv | `voltage`, `current` | `device` |

The fit picks the model or is told it (`--model soft_bounds`), gives every parameter a 95 % interval, names those that
the data do not determine, and draws data against model. `mine.toml` goes wherever a preset's name goes. What a file
must look like is shown by a simulated one: `hwsim device simulate NAME --kind pulses -o FILE.csv`.

To add a preset for everybody: CONTRIBUTING.md, "A new device".
"""

PHYSICAL_INTRODUCTION = """\
One ordinary differential equation each, deterministic, for checking and for pulse shapes. They do not run in an array:
`calibrate` runs pulse trains on one and fits the fast `soft_bounds` model to the answer, so that an array inherits a
pulse's amplitude and width.

```python
from devices.physical import Pulses, Yakopcic, calibrate

pulses = Pulses(set_amplitude=0.2, set_width=1e-4, reset_amplitude=-0.2, reset_width=1e-4)
found = calibrate(Yakopcic(), pulses)
print(found.device.step_up, found.r2, found.max_deviation)
```
"""
