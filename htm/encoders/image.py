"""Grey images as bits: a pixel is on where it is bright."""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..bits import Bits
from ..pick import BadInput, Params


class ImageEncoderParams(Params):
    """Parameters of an `ImageEncoder`."""

    method: Literal["threshold", "adaptive"] = Field(
        default="threshold", description="one level for all pixels, or the mean of a window around each"
    )
    level: float = Field(
        default=0.5, ge=0.0, le=1.0, description="brightness from which a pixel is on (threshold), 0..1"
    )
    window: int = Field(default=11, ge=3, description="side of the window (adaptive), odd [pixels]")
    offset: float = Field(
        default=0.02, ge=-1.0, le=1.0, description="how far above its window's mean a pixel is on (adaptive)"
    )


@final
class ImageEncoder:
    """Grey images to bits: a pixel is on where it is bright.

    Source: fixed-level binarisation as in htm.core's MNIST example; adaptive mean threshold as common in imaging.

    Parameters
    ----------
    params : method and level
    shape : (height, width) of the images
    """

    def __init__(self, params: ImageEncoderParams, shape: tuple[int, int]) -> None:
        if len(shape) != 2 or min(shape) < 1:
            raise BadInput(f"shape: must be (height, width), got {shape!r}")
        if params.method == "adaptive" and params.window % 2 == 0:
            raise BadInput(f"ImageEncoderParams.window: must be odd, got {params.window}")
        self.params, self.shape = params, (int(shape[0]), int(shape[1]))
        self.size = self.shape[0] * self.shape[1]

    def encode(self, image: NDArray[Any]) -> Bits:
        """Bits of one image.

        Parameters
        ----------
        image : (height, width), brightness 0..1, or uint8 0..255

        Returns
        -------
        indices of the pixels that are on
        """
        if image.shape != self.shape:
            raise BadInput(f"image: must have shape {self.shape}, got {image.shape}")
        grey: NDArray[Any] = image / np.float32(255) if image.dtype == np.uint8 else image.astype(np.float32)
        if not bool(np.all((grey >= 0) & (grey <= 1))):
            raise BadInput("image: brightness must lie in 0..1 and hold no NaN")
        params = self.params
        on = grey >= params.level if params.method == "threshold" else self._above_mean(grey)
        return np.flatnonzero(on).astype(np.int32)

    def _above_mean(self, grey: NDArray[Any]) -> NDArray[np.bool_]:
        """Pixels brighter than the mean of their window (mirrored at the edges) by more than `offset`."""
        half = self.params.window // 2
        if half >= min(self.shape):
            raise BadInput(
                f"ImageEncoderParams.window: must be below {2 * min(self.shape)} for {self.shape} images"
            )
        padded = np.pad(grey.astype(np.float64), half, mode="reflect")
        sums = np.pad(padded.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        w = self.params.window
        window = sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]
        return np.asarray(grey > window / (w * w) + self.params.offset)
