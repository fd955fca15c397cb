"""The effective matrix of an array with wires, for one matrix of cells and many inputs.

The network is linear: the currents out of the bit lines are ``I = v K`` with K (m, n) exact. Its admittance is built by
merging: a block of cells is known by its *ports* alone, where its word lines enter (left) and leave (right) and its bit
lines enter (top) and leave (bottom). Two neighbours share ports; with M the sum of their admittances there, and B, E
what couples the kept ports to them, ``Y <- blockdiag(A, F) - [B^T E]^T M^-1 [B^T E]`` (Schur complement). A block grows
8 x 8, 8 x 16, 16 x 16, ... until it is the array; the work, O(n^3), is in the last merges, which are matrix products.

Open ends (the right of the array unless driven from there, the top) are dropped in the smallest blocks. Differences of
admittances of segments and of cells are taken, so the error grows as a segment's resistance falls: the caller checks.
"""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]
Sides: TypeAlias = tuple[int, int, int, int]
"""Number of ports on the left, right, top and bottom: the order of a block's ports."""

BLOCK = 16
"""Side of the blocks that compiled loops make; above, a merge is worth calling a library for."""


class Block(NamedTuple):
    """Some neighbouring cells, known by their ports.

    Attributes
    ----------
    y : (ports, ports) admittance [S]
    sides : number of ports on the left, right, top and bottom, in this order
    """

    y: F64
    sides: Sides


@njit(cache=True)
def _merge(a: F64, b: F64, place_a: Places, place_b: Places, shared: int, out: F64) -> None:
    """Two blocks as one.

    Parameters
    ----------
    a, b : (ports, ports) of either block
    place_a, place_b : where each of its ports goes; shared ports have one place, after all that are kept
    shared : number of shared ports
    out : (kept, kept) or larger work space; the merged block fills its first kept rows and columns
    """
    n = out.shape[0]
    out[:, :] = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[0]):
            out[place_a[i], place_a[j]] += a[i, j]
    for i in range(b.shape[0]):
        for j in range(b.shape[0]):
            out[place_b[i], place_b[j]] += b[i, j]
    for gone in range(n - 1, n - shared - 1, -1):
        last = out[gone]
        for i in range(gone):
            factor = out[i, gone] / last[gone]
            line = out[i]
            for j in range(gone):
                line[j] -= factor * last[j]


def places(first: Sides, second: Sides, across: bool) -> tuple[Places, Places, Sides]:
    """Where the ports of two neighbours go, shared ones after all others, and the sides of what they make.

    Parameters
    ----------
    first, second : ports on the left, right, top and bottom
    across : whether `second` is to the right of `first`; else it is below
    """
    (l1, r1, t1, b1), (l2, r2, t2, b2) = first, second
    if across:
        sides = (l1, r2, t1 + t2, b1 + b2)
        one, two = ((0, 0), (4, 0), (2, 0), (3, 0)), ((4, 0), (1, 0), (2, t1), (3, b1))
    else:
        sides = (l1 + l2, r1 + r2, t1, b2)
        one, two = ((0, 0), (1, 0), (2, 0), (4, 0)), ((0, l1), (1, r1), (4, 0), (3, 0))
    starts = list(accumulate(sides, initial=0))  # of left, right, top, bottom, shared

    def of(counts: Sides, part: tuple[tuple[int, int], ...]) -> Places:
        runs = [starts[at] + skip + np.arange(count) for count, (at, skip) in zip(counts, part, strict=True)]
        found: Places = np.concatenate(runs).astype(np.int64)
        return found

    return of(first, one), of(second, two), sides


@njit(cache=True)
def _cells(g: F64, y_word: float, y_bit: float, out: F64) -> None:
    """Admittances of cells with their segments, (cells, 4, 4) or larger: left, right, top, bottom."""
    n = g.shape[1]
    for i in range(g.shape[0]):
        for j in range(n):
            y, cell = out[i * n + j], g[i, j]
            y[:4, :4] = 0.0
            y[0, 0], y[0, 1], y[1, 0] = y_word, -y_word, -y_word
            y[1, 1], y[1, 2], y[2, 1] = y_word + cell, -cell, -cell
            y[2, 2], y[2, 3], y[3, 2], y[3, 3] = cell + y_bit, -y_bit, -y_bit, y_bit


@njit(cache=True)
def _blocks(
    g: F64, y_word: float, y_bit: float, place_a: Places, place_b: Places, counts: Places, out: F64
) -> None:
    """Blocks of a whole array, row by row of blocks.

    Parameters
    ----------
    g : conductances, both sizes multiples of BLOCK [S]
    y_word, y_bit : conductance of a segment [S]
    place_a, place_b : (merges, ports) of either block of each merge
    counts : (merges, 2) ports of a block before, and of the two together before shared ones go
    out : (blocks, 4 BLOCK, 4 BLOCK)
    """
    side = BLOCK
    tiles = np.empty((side * side, 4 * side, 4 * side))
    across_blocks = g.shape[1] // side
    for block in range(out.shape[0]):
        top, start = block // across_blocks * side, block % across_blocks * side
        _cells(g[top : top + side, start : start + side], y_word, y_bit, tiles)
        rows, columns = side, side
        for step in range(counts.shape[0]):
            across = step % 2 == 0
            ports, together = counts[step]
            work = np.empty((together, together))
            shared = 2 * ports - together
            made = 0
            for i in range(0, rows, 1 if across else 2):
                for j in range(0, columns, 2 if across else 1):
                    first = i * columns + j
                    second = first + (1 if across else columns)
                    one, two = tiles[first, :ports, :ports], tiles[second, :ports, :ports]
                    _merge(one, two, place_a[step, :ports], place_b[step, :ports], shared, work)
                    # Merged ones are fewer: they go where all have been used already.
                    tiles[made, : together - shared, : together - shared] = work[:-shared, :-shared]
                    made += 1
            rows, columns = (rows, columns // 2) if across else (rows // 2, columns)
        out[block] = tiles[0]


def blocks(g: F64, y_word: float, y_bit: float) -> F64:
    """All blocks of an array whose sizes are multiples of BLOCK, (blocks, 4 BLOCK, 4 BLOCK)."""
    ones, twos, counts = [], [], []
    sides: Sides = (1, 1, 1, 1)
    across = True
    while sides[0] < BLOCK or sides[2] < BLOCK:
        one, two, merged = places(sides, sides, across)
        shared = sides[0] if across else sides[2]
        ones.append(np.resize(one, 4 * BLOCK))
        twos.append(np.resize(two, 4 * BLOCK))
        counts.append((sum(sides), 2 * sum(sides) - shared))
        sides, across = merged, not across
    out = np.empty((g.size // BLOCK**2, 4 * BLOCK, 4 * BLOCK))
    _blocks(g, y_word, y_bit, np.array(ones), np.array(twos), np.array(counts), out)
    return out


@njit(cache=True)
def _lay(y: F64, place: Places, kept: int, outer: F64, across: F64, inner: F64) -> None:
    """Add a block's admittance to that of two: kept ports with one another, shared ones with kept, among themselves.

    Parameters
    ----------
    place : where each port goes
    kept : places from here on are shared
    outer : (kept, kept), of which only the upper triangle is needed; across : (shared, kept); inner : (shared, shared)
    """
    for i in range(place.size):
        row, line = place[i], y[i]
        if row >= kept:
            for j in range(place.size):
                at = place[j]
                if at >= kept:
                    inner[row - kept, at - kept] += line[j]
                else:
                    across[row - kept, at] += line[j]
        else:
            for j in range(place.size):
                if place[j] < kept:
                    outer[row, place[j]] += line[j]


@njit(cache=True)
def _mirror(y: F64) -> None:
    """Fill the lower triangle from the upper."""
    n = y.shape[0]
    for start in range(0, n, 16):
        for i in range(start, n):
            for j in range(start, min(start + 16, i)):
                y[i, j] = y[j, i]


def merge(first: Block, second: Block, across: bool) -> Block:
    """Two neighbours as one; `second` is to the right, else below."""
    from scipy.linalg.blas import dsyrk, dtrsm
    from scipy.linalg.lapack import dpotrf

    one, two, sides = places(first.sides, second.sides, across)
    shared = first.sides[1] if across else first.sides[3]
    kept = sum(sides)
    outer, coupling, inner = np.zeros((kept, kept)), np.zeros((shared, kept)), np.zeros((shared, shared))
    _lay(first.y, one, kept, outer, coupling, inner)
    _lay(second.y, two, kept, outer, coupling, inner)
    # Fortran's order is the transpose of C's, and these are symmetric: nothing has to be copied.
    root, info = dpotrf(inner.T, lower=1, overwrite_a=1)
    if info:
        raise np.linalg.LinAlgError("the ports that two blocks share are not tied to anything")
    x = dtrsm(1.0, root, coupling.T, side=1, lower=1, trans_a=1, overwrite_b=1)
    rest = dsyrk(-1.0, x, beta=1.0, c=outer.T, lower=1, overwrite_c=1)
    y = rest.T
    _mirror(y)
    return Block(y, sides)


def _without(block: Block, side: int) -> Block:
    """The block with the ports of one side left open."""
    start = sum(block.sides[:side])
    count = block.sides[side]
    gone = np.arange(start, start + count)
    kept = np.delete(np.arange(block.y.shape[0]), gone)
    across = block.y[np.ix_(gone, kept)]
    y = block.y[np.ix_(kept, kept)] - across.T @ np.linalg.solve(block.y[np.ix_(gone, gone)], across)
    sides = (*block.sides[:side], 0, *block.sides[side + 1 :])
    return Block(y, (sides[0], sides[1], sides[2], sides[3]))


def whole_array(g: F64, r_word: float, r_bit: float, right: bool) -> tuple[Block, int]:
    """An array known by its left ports, its right ones where asked, and its bottom ones.

    Parameters
    ----------
    g : (m, n) conductances [S]
    r_word, r_bit : segments, above 0 [ohm]
    right : whether the right ends of the word lines are kept, not left open

    Returns
    -------
    block : its ports
    beyond : segments of word line that lie between the last cells and the right ports
    """
    m, n = g.shape
    rows, columns = -(-m // BLOCK), -(-n // BLOCK)
    above, beyond = rows * BLOCK - m, columns * BLOCK - n
    # Filled up at the open ends, top and right, where wire without cells carries no current.
    filled = np.zeros((m + above, n + beyond))
    filled[above:, :n] = g
    made = blocks(filled, 1.0 / r_word, 1.0 / r_bit)
    grid = [
        [_cut(made[i * columns + j], i == 0, j == columns - 1 and not right) for j in range(columns)]
        for i in range(rows)
    ]
    del made
    while len(grid) > 1 or len(grid[0]) > 1:
        if len(grid[0]) > 1:
            grid = [_pairs(line, True) for line in grid]
        if len(grid) > 1:
            grid = [
                list(line)
                for line in zip(*(_pairs(list(line), False) for line in zip(*grid, strict=True)), strict=True)
            ]
    y, sides = grid[0][0]
    # The filling's own ports are tied to nothing.
    starts = list(accumulate(sides, initial=0))
    filling = [
        np.arange(start, start + above) for start, count in zip(starts[:2], sides[:2], strict=True) if count
    ]
    filling.append(np.arange(starts[4] - beyond, starts[4]))
    gone = np.concatenate(filling)
    y = np.delete(np.delete(y, gone, axis=0), gone, axis=1)
    return Block(y, (m, m if right else 0, 0, n)), beyond


def _cut(y: F64, top: bool, right: bool) -> Block:
    """A first block, without the ports at open ends."""
    block = Block(y, (BLOCK, BLOCK, BLOCK, BLOCK))
    block = _without(block, 1) if right else block
    return _without(block, 2) if top else block


def _pairs(line: list[Block], across: bool) -> list[Block]:
    """Neighbours merged two by two; an odd one stays."""
    made = [merge(one, two, across) for one, two in zip(line[::2], line[1::2], strict=False)]
    return made + line[len(made) * 2 :]


def effective_matrices(
    g: F64, r_word: float, r_bit: float, r_in: F64, r_end: F64, r_out: F64
) -> tuple[F64, F64]:
    """K of ``I = v K``, and Y of the currents ``Y v`` out of the drivers.

    Parameters
    ----------
    g : (m, n) conductances [S]
    r_word, r_bit : segments, above 0 [ohm]
    r_in, r_end : (m,) between driver and the first and the last node of a word line [ohm]; infinite: no driver there
    r_out : (n,) between the last node of a bit line and ground [ohm]; infinite: it floats

    Returns
    -------
    (m, n), 0 for word lines without a driver and bit lines without ground, and (m, m) [S]
    """
    m, n = g.shape
    right = bool(np.isfinite(r_end).any())
    block, beyond = whole_array(g, r_word, r_bit, right)
    # One segment of wire at each end belongs to the array already.
    ends = [r_in - r_word, r_end - beyond * r_word] if right else [r_in - r_word]
    outside = np.concatenate([*ends, r_out - r_bit])
    fed = np.isfinite(outside)
    y = block.y
    if not fed.all():
        open_ends = ~fed & (np.abs(y).sum(axis=1) > 0)  # a port that nothing is tied to has no equation
        across = y[np.ix_(open_ends, fed)]
        inner = y[np.ix_(open_ends, open_ends)]
        y = y[np.ix_(fed, fed)] - across.T @ np.linalg.lstsq(inner, across, rcond=1e-14)[0]
    drives = np.tile(np.eye(m), (2 if right else 1, 1))
    source = np.concatenate([drives, np.zeros((n, m))])[fed]
    resistance = outside[fed][:, None]
    volts = source if not resistance.any() else np.linalg.solve(np.eye(y.shape[0]) + resistance * y, source)
    flows = np.zeros((outside.size, m))
    flows[fed] = y @ volts
    given = flows[:m] + flows[m : 2 * m] if right else flows[:m]
    return np.ascontiguousarray(-flows[-n:].T), np.ascontiguousarray(given)
