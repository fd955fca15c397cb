"""MNIST in full through local inhibition with the parameters of htm.core's example: how good, how fast?

As that example does: one pass of learning over the training images (79 x 79 columns, no labels), then codes with
learning off train a softmax classifier. Raw pixels stand beside, read by the same classifier.
The classifier's step and passes were fixed beforehand, not tuned; --validate tests on held-out training images.

Run: python benchmarks/mnist_local.py FOLDER_OF_IDX_FILES [--seed N] [--train N] [--validate]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from htm.classifier import SoftmaxClassifier, SoftmaxClassifierParams
from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.software import SoftwareSubstrate
from htm.streams import stream
from scenarios.data import DataParams, load_images

HTMCORE_RATE, HTMCORE_ACCURACY, HTMCORE_RAW = 2279, 0.9603, 0.9039

POOLER = SpatialPoolerParams(
    column_shape=(79, 79),
    inhibition="local",
    density=0.1,
    potential_radius=7,
    potential_fraction=0.1,
    stimulus_threshold=6,
    increment=0.14,
    decrement=0.02,
    threshold=0.5,
    initial_spread=0.5,
    boost_strength=7.0,
    duty_period=1402,
    minimum_duty_fraction=0.2,
)


def encode(image: np.ndarray) -> np.ndarray:
    """Pixels at least as bright as the image's mean, as in the example."""
    flat = image.reshape(-1)
    least = -(-int(flat.sum(dtype=np.int64)) // flat.size)  # the mean rounded up, as pixels are whole numbers
    return np.flatnonzero(flat >= least).astype(np.int32)


def accuracy(train, train_labels, test, test_labels, n_bits: int, seed: int, params) -> float:
    """Of the softmax classifier."""
    classifier = SoftmaxClassifier(n_bits, 10, params, seed)
    classifier.fit(train, train_labels)
    return float(np.mean(classifier.predict(test) == test_labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=int, default=None)
    parser.add_argument("--validate", action="store_true", help="test on the last training images instead")
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--passes", type=int, default=10)
    options = parser.parse_args()
    data = load_images(DataParams(path=options.folder))
    images, labels = data.train_images[: options.train], data.train_labels[: options.train]
    tests, test_labels = data.test_images, data.test_labels
    if options.validate:
        n = len(images) * 5 // 6
        images, labels, tests, test_labels = images[:n], labels[:n], images[n:], labels[n:]
    softmax = SoftmaxClassifierParams(rate=options.rate, passes=options.passes)
    pooler = SpatialPooler(POOLER, data.shape, SoftwareSubstrate(), options.seed)
    pooler.compute(encode(images[0]), learn=False)
    pooler.step = 0

    rates = []
    for part in np.array_split(stream(options.seed, "data.order").permutation(len(images)), 12):
        start = time.process_time()
        for i in part:
            pooler.compute(encode(images[i]))
        rates.append(len(part) / (time.process_time() - start))
    rate = float(np.median(rates))
    print(f"training: {rate:.0f} images a CPU second, encoding included, median of 12 parts")
    print(
        f"          {rate / HTMCORE_RATE:.2f} x htm.core's {HTMCORE_RATE}; radius {pooler.inhibition_radius}"
    )

    start = time.process_time()
    train = [pooler.compute(encode(image), learn=False) for image in images]
    test = [pooler.compute(encode(image), learn=False) for image in tests]
    spent = time.process_time() - start
    size = np.mean([code.size for code in test])
    print(f"codes:    {(len(train) + len(test)) / spent:.0f} images a CPU second, {size:.0f} columns active")
    start = time.process_time()
    right = accuracy(train, labels, test, test_labels, POOLER.columns, options.seed, softmax)
    print(f"softmax classifier: {time.process_time() - start:.1f} CPU s for {options.passes} passes")
    raw_train, raw_test = ([encode(image) for image in part] for part in (images, tests))
    raw = accuracy(raw_train, labels, raw_test, test_labels, 784, options.seed, softmax)
    print(f"accuracy: {right:.4f} with the pooler (htm.core {HTMCORE_ACCURACY}), ", end="")
    print(f"{raw:.4f} on raw pixels (htm.core's classifier {HTMCORE_RAW})")


if __name__ == "__main__":
    main()
