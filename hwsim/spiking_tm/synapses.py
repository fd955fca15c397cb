"""What plastic synapses do at each event, for each kind of synapse: Brian2's code, and nothing of values.

``rise`` is at a post-synaptic spike plus the dendritic delay, ``fall`` at a pre-synaptic one, and ``deliver`` a delay
after that. Rates come as steps of the permanence.

=======  ==============================================================================================================
ideal    Bouhadjar et al. 2022: the permanence P is a number, and a synapse acts in full where it is mature
binary   the permanence is that number, in a controller's memory; the weight is a device's conductance, written on or
         off where P crosses maturity, and read at each spike
analog   the permanence is a device's conductance; pulses move it, and it is read at each spike
=======  ==============================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["ideal", "binary", "analog"]


@dataclass(frozen=True)
class Equations:
    """Code of one kind of synapse.

    Attributes
    ----------
    model : its variables
    rise, fall, deliver : what its events do
    results : variables that a run gives besides spikes, by the name of the result
    """

    model: str
    rise: str
    fall: str
    deliver: str
    results: dict[str, str]


_RATES = """
gain : 1 (shared)
loss : 1 (shared)
balance : 1 (shared)
wanted : 1 (shared)
soonest : 1 (shared)
latest : 1 (shared)
kick : 1 (shared)
"""

# The pair with the last pre-synaptic spike counts where its lag lies between dt_min and dt_max.
_PAIR = """
lag = t_in_timesteps - last_pre
paired = int(lag > soonest) * int(lag < latest)
gained = paired*(gain*x_pre + balance*(wanted - z_post - parity_post*(z_seen_post - z_post)))
"""

# The conductances that reads and writes went through are summed, for their energy.
_COUNTED = """
G : 1
writes : 1
read_load : 1
write_load : 1
full : 1 (shared)
"""

_TOLD = {"conductance": "G"} | {name: name for name in ("writes", "read_load", "write_load")}

_DIGITAL = """
P : 1
least : 1
maximum : 1 (shared)
maturity : 1 (shared)
"""

_RISE = _PAIR + "P = clip(P + gained, least, maximum)\n"
_FALL = "P = clip(P - loss, least, maximum)\n"

# A spike finds a synapse as it is then, and acts on the soma a delay later.
IDEAL = Equations(
    model=_RATES + _DIGITAL + "mature : boolean\n",
    rise=_RISE,
    fall=_FALL + "mature = P > maturity\n",
    deliver="H_post = H_post + kick*int(mature)\n",
    results={"permanence": "P"},
)


# `G` is the conductance at the read voltage. `asked` is the side that P was last seen on, `held` the one that the
# controller believes the device to be on: what it wrote or, where writes are repeated (`retries`), what a read after
# the write found.
_DEVICE = """
asked : boolean
held : boolean
tries : 1
on : 1
off : 1
on_cycle : 1
off_cycle : 1
on_read : 1 (shared)
off_read : 1 (shared)
failure : 1 (shared)
retries : 1 (shared)
middle : 1 (shared)
"""

_WRITE = """
side = 1.0*int(P > maturity)
tries = tries * (1.0 - abs(side - int(asked)))
attempt = abs(side - int(held)) * int(tries < retries + 0.5)
written = attempt * int(rand() >= failure)
target = side*(on + on_cycle*randn()) + (1.0 - side)*(off + off_cycle*randn())
G = G + written*(clip(target, 0.0, 1e3) - G)
found = 1.0*int(G + (int(G > middle)*on_read + int(G <= middle)*off_read)*randn() > middle)
told = side + int(retries > 0.5)*(found - side)
held = int(held) + attempt*(told - int(held)) > 0.5
asked = side > 0.5
tries = tries + attempt
writes = writes + attempt
write_load = write_load + attempt*(side*on + (1.0 - side)*off)
"""

BINARY = Equations(
    model=_RATES + _DIGITAL + _COUNTED + _DEVICE,
    rise=_RISE + _WRITE,
    fall=_FALL + _WRITE,
    deliver="""
read = clip(G + (int(G > middle)*on_read + int(G <= middle)*off_read)*randn(), 0.0, 1e3)
H_post = H_post + kick*read/full
read_load = read_load + read
""",
    results=_TOLD | {"permanence": "P"},
)


# `inner` is what pulses move, `G` what conducts. Rates are changes of the permanence 0..1.
_CELL = """
inner : 1
first_up : 1
share_up : 1
first_down : 1
share_down : 1
sd_up : 1
sd_down : 1
low : 1
high : 1
works : 1
blur : 1
pulses : 1
relative : 1 (shared)
per_change : 1 (shared)
whole : 1 (shared)
shown_sd : 1 (shared)
bottom : 1 (shared)
spacing : 1 (shared)
top_level : 1 (shared)
levelled : 1 (shared)
"""

# All pulses of an event at once: their mean and variance are exact (`devices.reference` has the sums), one Gaussian is
# drawn, and the cell stops at its bounds after the last. With levels it falls to one of the two beside, by distance.
_PULSE = """
exact = abs(change)*per_change
count = whole*floor(exact + rand()) + (1.0 - whole)*exact
way = 2.0*int(change > 0.0) - 1.0
rising = 0.5 + 0.5*way
share = rising*share_up + (1.0 - rising)*share_down
first = clip(rising*(first_up - share_up*inner) + (1.0 - rising)*(first_down + share_down*inner), 0.0, 1e3)
sd = rising*sd_up + (1.0 - rising)*sd_down
fading = count*log1p(-share)
constant = sd*sd*expm1(2.0*fading)/(share*(share - 2.0))
growing = count*log1p((share*relative/(1.0 - share))**2)
following = (first/share)**2*exp(2.0*fading)*expm1(growing)
moved = inner - way*first*expm1(fading)/share + sqrt(constant + following)*randn()
moved = clip(moved, low, high)
level = clip(floor((moved - bottom)/spacing + rand()), 0.0, top_level)
moved = levelled*(bottom + spacing*level) + (1.0 - levelled)*moved
done = works*int(count > 0.0)
inner = inner + done*(moved - inner)
G = G + done*(clip(inner + shown_sd*randn(), 0.0, 1e3) - G)
writes = writes + int(count > 0.0)
pulses = pulses + count
write_load = write_load + count*G
"""

ANALOG = Equations(
    model=_RATES + _COUNTED + _CELL,
    rise=_PAIR + "change = gained\n" + _PULSE,
    fall="change = -loss\n" + _PULSE,
    deliver="""
read = clip(G*(1.0 + blur*randn()), 0.0, 1e3)
H_post = H_post + kick*read/full
read_load = read_load + read
""",
    results=_TOLD | {"pulses": "pulses"},
)

EQUATIONS: dict[Kind, Equations] = {"ideal": IDEAL, "binary": BINARY, "analog": ANALOG}
