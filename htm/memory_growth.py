"""Which synapses learning segments grow, and which weak ones make room. Twins as in `htm.memory_kernels`."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .memory_kernels import FOR_ROWS, below, mix

Index: TypeAlias = NDArray[np.int32]


@njit(cache=True)
def weakest_slots(line: Index, seen: NDArray[np.float32], places: Index, n: int, weakest: Index) -> int:
    """The `n` weakest wired slots whose source has no place, into `weakest`; fewer where there are not so many.

    `line`, `seen` (slots,) sources and permanences of one row; of equal permanences the lower slot goes.
    """
    found = 0
    for slot in range(line.size):
        if line[slot] < 0 or places[np.uint64(line[slot])] > 0:
            continue
        if found == n and seen[weakest[n - 1]] <= seen[slot]:
            continue
        at = found if found < n else n - 1
        while at > 0 and seen[weakest[at - 1]] > seen[slot]:
            weakest[at] = weakest[at - 1]
            at -= 1
        weakest[at] = slot
        found = min(found + 1, n)
    return found


@njit(cache=True)
def _survey(line: Index, places: Index, present: Index) -> int:
    """Which slot listens to which candidate, -1 where none does, into `present`; how many slots are wired."""
    wired = 0
    present[:] = -1
    for slot in range(line.size):
        if line[slot] >= 0:
            wired += 1
            place = places[np.uint64(line[slot])]
            if place > 0:
                present[np.uint64(place - 1)] = slot
    return wired


@njit(cache=True)
def _grow(
    learning: Index,
    driven: Index,
    seen: NDArray[np.float32],
    fresh: Index,
    candidates: Index,
    new_synapses: int,
    initial: np.float32,
    limits: Index,
    source: Index,
    key: Any,
    places: Index,
    out: Index,
) -> tuple[int, int]:
    """`grow` into the lines of `out`; how many are dropped and grown."""
    n_old, n_candidates, stored = learning.size, candidates.size, source.shape[1]
    n_out = n_drop = 0
    order, present = np.empty(n_candidates, dtype=np.int32), np.full(n_candidates, -1, dtype=np.int32)
    line, weakest = np.full(stored, -1, dtype=np.int32), np.empty(stored, dtype=np.int32)
    for j in range(n_candidates):
        places[candidates[j]] = j + 1
    word = mix(key, FOR_ROWS)
    for i in range(n_old + fresh.size):
        row = learning[i] if i < n_old else fresh[i - n_old]
        wanted = new_synapses - driven[i] if i < n_old else new_synapses
        have, room, limit = 0, min(wanted, n_candidates), limits[i]
        if i < n_old:
            line[:] = source[row]
            have = _survey(line, places, present)
            if have + room > limit:
                lost = weakest_slots(line, seen[i], places, have + room - limit, weakest)
                for k in range(lost):
                    out[0, n_drop + k], out[1, n_drop + k] = row, weakest[k]
                    line[weakest[k]] = -1
                n_drop, have = n_drop + lost, have - lost
        elif i == n_old:  # new segments are empty
            line[:], present[:] = -1, -1
        room = min(room, limit - have)
        for j in range(n_candidates):
            order[j] = j
        stream, slot = mix(word, row), 0
        for j in range(n_candidates):
            if room <= 0:
                break
            if wanted < n_candidates:  # a shuffle, one candidate further
                other = j + below(mix(stream, j), n_candidates - j)
                order[j], order[other] = order[other], order[j]
            pick = np.uint64(order[j])
            if present[pick] >= 0:
                if seen[i, present[pick]] < initial:
                    out[2, n_out], out[3, n_out], out[4, n_out] = row, present[pick], candidates[pick]
                    n_out += 1
                continue
            while slot < stored and line[slot] >= 0:
                slot += 1
            out[2, n_out], out[3, n_out], out[4, n_out] = row, slot, candidates[pick]
            n_out, slot, room = n_out + 1, slot + 1, room - 1
    for j in range(n_candidates):
        places[candidates[j]] = 0
    return n_drop, n_out


def grow(
    learning: Index,
    driven: Index,
    seen: NDArray[np.float32],
    fresh: Index,
    candidates: Index,
    new_synapses: int,
    initial: np.float32,
    limits: Index,
    source: Index,
    key: Any,
    places: Index,
) -> tuple[Index, Index, Index, Index, Index]:
    """Which synapses segments grow to the previous winners, and which weak ones make room.

    Parameters
    ----------
    learning, driven, seen : (n,), (n,), (n, stored slots) segments with fewer than `new_synapses` driven slots, how
        many these are, and the permanences read
    fresh : (m,) new segments, empty
    candidates : winner cells of the step before, sorted
    new_synapses : driven synapses up to which a segment grows
    initial : permanence of a grown synapse
    limits : (n + m,) most synapses of each segment, which its first slots hold
    source : (capacity, stored slots) the wiring
    key : 64-bit word that picks the candidates
    places : (inputs,) scratch, all 0

    Returns
    -------
    dropped_rows, dropped_slots : synapses that go
    rows, slots, sources : synapses to connect: new ones, and present ones weaker than `initial`
    """
    most = min(candidates.size, new_synapses + source.shape[1])  # of a segment
    out = np.empty((5, (learning.size + fresh.size) * most), dtype=np.int32)
    given = learning, driven, seen, fresh, candidates, new_synapses, initial, limits, source, key, places
    n_drop, n = _grow(*given, out)
    return out[0, :n_drop], out[1, :n_drop], out[2, :n], out[3, :n], out[4, :n]
