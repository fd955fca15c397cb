"""Matrix products of noisy cells: one normal number an output instead of one a cell and read.

Where every cell's read noise is Gaussian, independent of the others' and fresh at every read, the current that inputs x
draw from a line is the sum ``y = sum_i x_i (g_i + sd_i xi_i)`` of independent Gaussian terms, and so itself Gaussian::

    y ~ N(x G, x^2 sd^2)        independent over bit lines and over the vectors of a batch

Two products and one draw an output have the same law as a draw for each cell and vector. For binary inputs x^2 = x, and
the two products are one of twice the width; where all cells share one sd its variance is a sum over x alone.

The law is another one where several vectors see *the same* draw, as when a cell's state fluctuates slowly beside the
reads: outputs of vectors x and x' on one line then covary by ``sum_i x_i x'_i sd_i^2``. That needs the drawn matrix,
``x @ (g + sd xi)``; this module is not for it. Nor is it for wires, through which noise is no longer a sum over a line
(`hwsim.wired` draws every cell), nor for reads that are not Gaussian (`devices.reads`).
"""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import ArrayLike

from devices.model import F32
from devices.noise import normals
from htm.pick import BadInput


@final
class NoisyMatrix:
    """Cells that are read often while they stay where they are: what a product needs of them, prepared once.

    Parameters
    ----------
    g : (m, n) conductances [S]
    sd : (m, n), or one number for all cells, standard deviation of one read of a cell [S]
    """

    def __init__(self, g: ArrayLike, sd: ArrayLike) -> None:
        cells = np.asarray(g, dtype=np.float32)
        spread = np.asarray(sd, dtype=np.float32)
        if cells.ndim != 2:
            raise BadInput(f"g: must have two axes, got shape {cells.shape}")
        if spread.ndim and spread.shape != cells.shape:
            raise BadInput(f"sd: must be one number or have shape {cells.shape}, got {spread.shape}")
        if not np.isfinite(cells).all():
            raise BadInput("g: must be finite, got a value that is not")
        if not (np.isfinite(spread) & (spread >= 0)).all():
            raise BadInput("sd: must be finite and not negative, got a value that is not")
        self.shape: tuple[int, int] = (int(cells.shape[0]), int(cells.shape[1]))
        self._uniform = float(spread) if spread.ndim == 0 else None
        # Side by side, so that binary inputs need one pass. Noise is weighed in units of its largest sd, because the
        # squares of nanosiemens leave few digits above the smallest float32.
        self._unit = float(spread.max(initial=0.0))
        if self._uniform is None and self._unit > 0.0:
            self._both = np.hstack([cells, np.square(spread / np.float32(self._unit))])
        else:
            self._both = np.ascontiguousarray(cells)

    def product(self, inputs: ArrayLike, rng: np.random.Generator) -> F32:
        """Line sums, each vector with fresh noise of every cell.

        Parameters
        ----------
        inputs : (vectors, m) or (m,), any real numbers
        rng : one key of its stream is taken, whatever the inputs

        Returns
        -------
        (vectors, n) or (n,), float32, in the unit of g times that of the inputs
        """
        given = np.asarray(inputs)
        x = given.astype(np.float32, copy=False)
        if x.ndim not in (1, 2) or x.shape[-1] != self.shape[0]:
            raise BadInput(f"inputs: must have shape (vectors, {self.shape[0]}), got {given.shape}")
        n = self.shape[1]
        xi = normals(rng, (*x.shape[:-1], n))
        if self._unit == 0.0:
            plain: F32 = x @ self._both
            return plain
        squares = x if given.dtype == np.bool_ else np.square(x)
        if self._uniform is not None:
            xi *= np.sqrt(squares.sum(axis=-1, keepdims=True)) * np.float32(self._unit)
            xi += x @ self._both
            return xi
        if squares is x or np.array_equal(squares, x):
            found = x @ self._both
            mean, variance = found[..., :n], found[..., n:]
        else:
            mean, variance = x @ self._both[:, :n], squares @ self._both[:, n:]
        xi *= np.sqrt(variance, out=variance)
        xi *= np.float32(self._unit)
        xi += mean
        return xi


def noisy_product(inputs: ArrayLike, g: ArrayLike, sd: ArrayLike, rng: np.random.Generator) -> F32:
    """``inputs @ (g + sd xi)`` with fresh, independent Gaussian noise of each cell for each vector.

    Parameters
    ----------
    inputs : (vectors, m) or (m,), any real numbers
    g : (m, n) conductances [S]
    sd : (m, n), or one number for all cells, standard deviation of one read of a cell [S]
    rng : one key of its stream is taken, whatever the inputs

    Returns
    -------
    (vectors, n) or (n,), float32, in the unit of g times that of the inputs

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noisy_product([[1, 0, 1]], np.full((3, 2), 1e-5), 0.0, rng)
    array([[2.e-05, 2.e-05]], dtype=float32)
    """
    return NoisyMatrix(g, sd).product(inputs, rng)
