"""What the spatial pooler's learning settles on: synapses of inputs that are likely enough where their column wins.

With theta = P(input on | column wins), a win changes a permanence by ``theta (up + down) - down`` on average, so it
drifts up where ``theta > down / (up + down)`` and down below. The margin about that bound is computed, not tuned. The
distance W of a permanence from the end to which it drifts is a random walk held at 0 (Lindley's recursion): steps of +a
with chance q, else -b, where qa < (1 - q)b. With the threshold `room` away from that end and a start at most `late` on
its wrong side, after n wins

    P(W > room) <= exp(-l room) + exp(k late) (q exp(ka) + (1 - q) exp(-kb))^n,

l > 0 the root of ``q exp(la) + (1 - q) exp(-lb) = 1`` (Kingman's bound), any k > 0 (Chernoff's), here the k of the
least bracket. Inputs for which this is not small are left out; that most are not is asserted.
"""

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.software import SoftwareSubstrate

RARE = 1e-9  # chance of a wrong end from which a synapse is left out
ROUNDING = 1e-3  # of a permanence in float32 over thousands of steps, amply
INPUTS, COLUMNS, SPREAD = 60, 24, 0.1


def wrong_end(theta, up, down, threshold, wins):
    """Upper bound on the chance that a synapse is not where it drifts to after so many wins."""
    rises = theta * up > (1 - theta) * down
    q, a, b, room = (1 - theta, down, up, 1 - threshold) if rises else (theta, up, down, threshold)
    room, late = room - ROUNDING, SPREAD + ROUNDING

    def factor(rate):
        return q * math.exp(rate * a) + (1 - q) * math.exp(-rate * b)

    k = math.log((1 - q) * b / (q * a)) / (a + b)
    low = high = k  # the factor falls from 1 at 0 to its least at k, and comes back to 1 at the root
    while factor(high) < 1:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if factor(middle) < 1 else (low, middle)
    return math.exp(-low * room) + math.exp(k * late) * factor(k) ** wins


def margins(up, down, threshold, wins):
    """The largest theta under the bound and the smallest above it from which a wrong end is rare."""
    bound = down / (up + down)
    found = []
    for far in (1e-6, 1 - 1e-6):
        near = bound
        for _ in range(20):
            middle = (near + far) / 2
            rare = wrong_end(middle, up, down, threshold, wins) < RARE
            near, far = (near, middle) if rare else (middle, far)
        found.append(far)
    return found


def make(up, down, threshold=0.5, pool=0.7, boost=0.0, seed=0):
    params = SpatialPoolerParams(
        columns=COLUMNS,
        density=0.25,
        potential_fraction=pool,
        threshold=threshold,
        initial_spread=SPREAD,
        increment=up,
        decrement=down,
        boost_strength=boost,
        minimum_duty_fraction=0.0,  # no bump of weak columns: learning alone
    )
    return SpatialPooler(params, (INPUTS,), SoftwareSubstrate(), seed)


def draw(rng, theta):
    return np.flatnonzero(rng.random(theta.size) < theta).astype(np.int32)


def misplaced(pooler, pool, theta, low, high):
    """How many synapses ended on the wrong side, of how many that must connect and that must not."""
    connected = pooler.synapses.permanence >= np.float32(pooler.params.threshold)
    on, off = pool & (theta > high), pool & (theta < low)
    return int((on & ~connected).sum() + (off & connected).sum()), int(on.sum()), int(off.sum())


def trained(rng, up, down, pool, threshold, records, swapped=False):
    """A pooler whose winners are drawn with the record's hidden class, so that theta is known; pool, theta, wins."""
    classes = np.where(rng.random(INPUTS) < 0.4, rng.random(INPUTS), rng.beta(0.5, 0.5, (3, INPUTS)))
    chance = rng.uniform(0.2, 1, (3, COLUMNS))  # P(column wins | class)
    theta = chance.T @ classes / chance.sum(axis=0)[:, None]
    pooler = make(*((down, up) if swapped else (up, down)), threshold, pool)
    wired = pooler.synapses.permanence > 0
    wins = np.zeros(COLUMNS, dtype=np.int64)
    for which in rng.integers(0, 3, records):
        bits, winners = draw(rng, classes[which]), draw(rng, chance[which])
        pooler.compute(bits, learn=False)
        pooler.learn(bits, np.zeros(COLUMNS, dtype=np.int32), winners)
        wins[winners] += 1
    return pooler, wired, theta, wins


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.floats(0.002, 0.006),
    st.floats(-1.1, 1.1),
    st.sampled_from([0.1, 0.7]),
    st.sampled_from([0.3, 0.5, 0.7]),
    st.integers(0, 2**32 - 1),
)
def test_a_synapse_ends_connected_where_its_input_is_likely_enough(up, log_ratio, pool, threshold, seed):
    """Whatever the steps (ratios of 1/3 to 3), the threshold and the layout (synapses of sparse pools are listed)."""
    down = up * math.exp(log_ratio)
    pooler, wired, theta, wins = trained(np.random.default_rng(seed), up, down, pool, threshold, 4000)
    low, high = margins(up, down, threshold, int(wins.min()))
    assert misplaced(pooler, wired, theta, low, high)[0] == 0
    assert not pooler.synapses.permanence[~wired].any()
    assert high - low < 0.4  # the law says something of most inputs


@pytest.mark.parametrize(("up", "down"), [(0.002, 0.006), (0.003, 0.0015), (0.01, 0.004)])
def test_the_law_tells_up_from_down(up, down):
    """Most synapses are far enough from the bound to be judged, and a pooler that swaps the steps is found out."""
    for swapped in (False, True):
        rng = np.random.default_rng(7)
        pooler, wired, theta, wins = trained(rng, up, down, 0.7, 0.5, 4000, swapped)
        wrong, on, off = misplaced(pooler, wired, theta, *margins(up, down, 0.5, int(wins.min())))
        assert on + off > 0.65 * wired.sum() and min(on, off) > 0.1 * wired.sum()
        assert wrong > 0.1 * (on + off) if swapped else wrong == 0


@pytest.mark.parametrize(
    ("up", "down", "seed"), [(0.002, 0.004, 0), (0.004, 0.002, 1), (0.005, 0.005, 2), (0.003, 0.001, 3)]
)
def test_the_law_holds_where_the_columns_compete(up, down, seed):
    """Winners by overlap: theta is then what the column itself made it, and is counted once the code has settled.

    The count of n wins tells theta to within Hoeffding's ``sqrt(log(2 / RARE) / 2n)``, which widens the margin.
    """
    rng = np.random.default_rng(seed)
    classes = rng.beta(0.5, 0.5, (6, INPUTS))
    pooler = make(up, down, boost=3.0, seed=seed)  # without it few columns win all
    wired = pooler.synapses.permanence > 0
    wins, on = np.zeros(COLUMNS), np.zeros((COLUMNS, INPUTS))
    for step, which in enumerate(rng.integers(0, 6, 20_000)):
        bits = draw(rng, classes[which])
        winners = pooler.compute(bits)
        if step >= 6000:
            wins[winners] += 1
            on[winners[:, None], bits] += 1
    busy = wins > 1000
    slack = np.sqrt(math.log(2 / RARE) / (2 * np.maximum(wins, 1)))[:, None]
    low, high = margins(up, down, 0.5, int(wins[busy].min()))
    theta = on / np.maximum(wins, 1)[:, None]
    judged = wired & busy[:, None]
    wrong, ups, downs = misplaced(pooler, judged, theta, low - slack, high + slack)
    assert wrong == 0
    assert busy.sum() > COLUMNS / 2 and ups + downs > 0.5 * judged.sum() and min(ups, downs) > 20
