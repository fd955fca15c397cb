"""Counting the driven slots of every row from the lists of `htm.memory_index`, eight rows at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST = 255  # driven slots of a row that can be counted
GROUP = 16  # inputs of a group
BLOCK = 64  # rows looked at together
_DENSE = 32  # counting densely pays where one row in so many has an entry
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
OCTETS = _BITS.view(np.uint64)[:, 0]  # what each set of bits adds to the eight counts of its octet


@njit(cache=True)
def _count_densely(
    runs: NDArray[np.uint32],
    least: int,
    pool: NDArray[np.uint32],
    octets: NDArray[np.uint64],
    sums: NDArray[np.uint64],
    counts: NDArray[np.uint8],
    found: NDArray[np.int32],
) -> int:
    """Where much is driven: count into all rows, then look at all rows. How many were `found`."""
    for r in range(runs.shape[0]):
        for at in range(np.uint64(runs[r, 0]), np.uint64(runs[r, 1])):
            sums[pool[at] >> np.uint32(8)] += octets[pool[at] & np.uint32(0xFF)]
    n, bound = 0, np.uint8(least)
    for begin in range(0, counts.size, BLOCK):
        hit = np.uint8(0)
        for i in range(BLOCK):  # unsigned places and 8-bit flags: vector instructions, many times faster
            hit |= np.uint8(counts[np.uint64(begin + i)] >= bound)
        if hit:
            for i in range(BLOCK):
                row = np.uint64(begin + i)
                found[0, n], found[1, n] = row, counts[row]  # kept only where it is enough
                n += int(counts[row] >= bound)
    sums[:] = 0
    return n


@njit(cache=True)
def _count_sparsely(
    runs: NDArray[np.uint32],
    total: int,
    least: int,
    pool: NDArray[np.uint32],
    octets: NDArray[np.uint64],
    sums: NDArray[np.uint64],
    counts: NDArray[np.uint8],
    found: NDArray[np.int32],
) -> int:
    """Where little is driven: note each octet when it is first touched. How many were `found`."""
    touched = np.empty(total + 1, dtype=np.uint32)
    n = np.uint64(0)
    for r in range(runs.shape[0]):
        for at in range(np.uint64(runs[r, 0]), np.uint64(runs[r, 1])):
            octet = pool[at] >> np.uint32(8)
            touched[n] = octet  # kept only where the octet is new
            n += np.uint64(sums[octet] == 0)
            sums[octet] += octets[pool[at] & np.uint32(0xFF)]
    bound, m = np.uint8(least), np.uint64(0)
    for i in range(n):
        first, hit = np.uint64(touched[i]) << np.uint64(3), np.uint8(0)
        for k in range(8):
            hit |= np.uint8(counts[first + np.uint64(k)] >= bound)
        touched[m] = touched[i]
        m += np.uint64(hit)
        if not hit:
            sums[touched[i]] = 0
    touched[:m].sort()
    enough = 0
    for i in range(m):
        for k in range(8):
            row = (np.uint64(touched[i]) << np.uint64(3)) + np.uint64(k)
            found[0, enough], found[1, enough] = row, counts[row]
            enough += int(counts[row] >= bound)
        sums[touched[i]] = 0
    return enough


@njit(cache=True)
def driven_rows(
    active: NDArray[np.int32],
    least: int,
    ends: NDArray[np.int32],
    pool: NDArray[np.uint32],
    octets: NDArray[np.uint64],
    sums: NDArray[np.uint64],
    counts: NDArray[np.uint8],
    found: NDArray[np.int32],
) -> int:
    """Rows with at least `least` driven slots, sorted, into found[0], how many each has into found[1]; how many.

    `counts` (rows, rounded up to whole blocks) is all 0 before and after, `sums` is the same memory, an octet a
    number, and `found` has room for one more row than these.
    """
    runs = np.empty((active.size, 2), dtype=np.uint32)  # stretches of the pool
    n_runs, total, i = 0, 0, 0
    while i < active.size:
        group, k = active[i] // GROUP, active[i] % GROUP
        n = min(GROUP - k, active.size - i)
        if active[i + n - 1] != active[i] + n - 1:  # they are sorted, so the ends tell of all between
            n = 1
            while active[i + n] == active[i] + n:
                n += 1
        begin, end = ends[group, k], ends[group, k + n]
        runs[n_runs, 0], runs[n_runs, 1] = begin, end  # kept only where there is any
        n_runs += int(end > begin)
        total += int(end - begin)
        i += n
    if total * _DENSE > counts.size:
        return _count_densely(runs[:n_runs], least, pool, octets, sums, counts, found)
    return _count_sparsely(runs[:n_runs], total, least, pool, octets, sums, counts, found)


@njit(cache=True)
def wired_counts(source: NDArray[np.int32], rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Wired slots of each of `rows`, (len(rows),)."""
    counts = np.empty(rows.size, dtype=np.int32)
    for i in range(rows.size):
        line = source[rows[i]]
        wired = 0
        for slot in range(line.size):
            wired += int(line[slot] >= 0)
        counts[i] = wired
    return counts
