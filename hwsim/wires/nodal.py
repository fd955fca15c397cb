"""Every node of the array in one sparse matrix, solved by SciPy's LU: slow, and what the others are held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def solve_nodal(
    g: F64, v: F64, r_word: float, r_bit: float, r_in: F64, r_end: F64, r_out: F64, v_out: F64
) -> tuple[F64, F64]:
    """Node voltages by modified nodal analysis.

    Parameters
    ----------
    g : (m, n) conductances [S]; 0: no cell
    v : (m,) drivers [V]
    r_word, r_bit : segments [ohm]; 0 joins the nodes of a line into one
    r_in, r_end : (m,) from the driver to the first and to the last node of a word line [ohm]; infinite: no driver
    r_out : (n,) from the last node of a bit line to its end [ohm]; infinite: it floats
    v_out : (n,) what that end is held at instead of ground [V]

    Returns
    -------
    u, w : (m, n) voltages of the word- and the bit-line nodes [V]; 0 on what nothing defines
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    m, n = g.shape
    # Nodes joined by 0 ohm share a number; what is tied by 0 ohm to a source is known.
    words = np.arange(m * n).reshape(m, n) if r_word > 0 else np.repeat(np.arange(m), n).reshape(m, n)
    start = int(words.max()) + 1
    bits = np.arange(m * n).reshape(m, n) if r_bit > 0 else np.tile(np.arange(n), (m, 1))
    bits = bits + start
    size = int(bits.max()) + 1
    known = np.full(size, np.nan)
    a, b, y = [], [], []  # two ends and conductance of every element between nodes
    to_source: list[tuple[NDArray[np.intp], F64, F64]] = []  # node, conductance, voltage
    for end, r in ((words[:, 0], r_in), (words[:, -1], r_end)):
        known[end[r == 0]] = v[r == 0]
        some = (r > 0) & np.isfinite(r)
        to_source.append((end[some], 1.0 / r[some], v[some]))
    known[bits[-1, r_out == 0]] = v_out[r_out == 0]
    some = (r_out > 0) & np.isfinite(r_out)
    to_source.append((bits[-1, some], 1.0 / r_out[some], v_out[some]))
    if r_word > 0 and n > 1:
        a.append(words[:, :-1].ravel())
        b.append(words[:, 1:].ravel())
        y.append(np.full(m * (n - 1), 1.0 / r_word))
    if r_bit > 0 and m > 1:
        a.append(bits[:-1].ravel())
        b.append(bits[1:].ravel())
        y.append(np.full((m - 1) * n, 1.0 / r_bit))
    there = g > 0
    a.append(words[there])
    b.append(bits[there])
    y.append(g[there])
    one, two, value = np.concatenate(a), np.concatenate(b), np.concatenate(y)
    rows, columns = np.concatenate([one, two, one, two]), np.concatenate([one, two, two, one])
    matrix = sparse.coo_array(
        (np.concatenate([value, value, -value, -value]), (rows, columns)), shape=(size, size)
    ).tocsr()
    right = np.zeros(size)
    diagonal = np.zeros(size)
    for node, conductance, voltage in to_source:
        np.add.at(diagonal, node, conductance)
        np.add.at(right, node, conductance * voltage)
    matrix = matrix + sparse.diags_array(diagonal)
    x = np.where(np.isnan(known), 0.0, known)
    right -= matrix @ x
    # What no path joins to a source has no defined voltage; it carries no current and stays at 0.
    _, part = sparse.csgraph.connected_components(matrix, directed=False)
    sourced = np.zeros(int(part.max()) + 1, dtype=np.bool_)
    sourced[part[(diagonal > 0) | ~np.isnan(known)]] = True
    free = np.flatnonzero(np.isnan(known) & sourced[part])
    if free.size:
        x[free] = splu(matrix[free][:, free].tocsc()).solve(right[free])
    return x[words], x[bits]
