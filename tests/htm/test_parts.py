"""Bits, streams, pick, encoder, classifier, measures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htm import kernels, measures
from htm.bits import as_bits, from_dense, overlap, to_dense
from htm.classifier import SoftmaxClassifier, SoftmaxClassifierParams
from htm.encoders import ImageEncoder, ImageEncoderParams
from htm.pick import BadInput, pick
from htm.streams import restore_stream, save_stream, stream


@given(st.sets(st.integers(0, 99)))
def test_bits_round_trip(members):
    bits = as_bits(sorted(members), 100)
    assert bits.dtype == np.int32
    assert np.array_equal(from_dense(to_dense(bits, 100)), bits)


@given(st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_overlap_is_the_intersection(a, b):
    assert overlap(as_bits(sorted(a), 51), as_bits(sorted(b), 51)) == len(a & b)


def test_streams_depend_on_seed_and_name_only():
    draws = {(s, n): stream(s, n).random(4).tolist() for s in (0, 1) for n in ("sp.pool", "sp.permanence")}
    assert stream(0, "sp.pool").random(4).tolist() == draws[0, "sp.pool"]
    assert len({tuple(v) for v in draws.values()}) == 4
    # frozen: another numpy must not move the wiring of a published run
    assert stream(7, "sp.pool").integers(0, 1000, 5).tolist() == [29, 872, 155, 883, 138]


def test_stream_state_survives_json():
    import json

    rng = stream(3, "x")
    rng.standard_normal(5)
    twin = restore_stream(json.loads(json.dumps(save_stream(rng))))
    assert np.array_equal(rng.standard_normal(9), twin.standard_normal(9))


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_bad_seed(seed):
    with pytest.raises(BadInput, match="seed"):
        stream(seed, "x")


def test_pick_offers_the_nearest():
    with pytest.raises(BadInput, match=r"device: unknown name 'pcm_jochi' \(did you mean pcm_joshi2020"):
        pick({"pcm_joshi2020": 1, "ideal": 2}, "pcm_jochi", "device")


class TestImageEncoder:
    def test_threshold_is_inclusive(self):
        encoder = ImageEncoder(ImageEncoderParams(level=0.5), (1, 4))
        assert encoder.encode(np.array([[0.0, 0.49, 0.5, 1.0]])).tolist() == [2, 3]

    def test_bytes_and_fractions_agree(self):
        image = np.arange(256, dtype=np.uint8).reshape(16, 16)
        encoder = ImageEncoder(ImageEncoderParams(level=0.3), (16, 16))
        assert np.array_equal(encoder.encode(image), encoder.encode(image / np.float32(255)))

    def test_adaptive_equals_a_direct_mean(self):
        rng = np.random.default_rng(0)
        image = rng.random((13, 17)).astype(np.float32)
        encoder = ImageEncoder(ImageEncoderParams(method="adaptive", window=5, offset=0.1), (13, 17))
        padded = np.pad(image.astype(float), 2, mode="reflect")
        on = [
            i * 17 + j
            for i in range(13)
            for j in range(17)
            if image[i, j] > padded[i : i + 5, j : j + 5].mean() + 0.1
        ]
        assert encoder.encode(image).tolist() == on

    def test_adaptive_ignores_a_brightness_offset(self):
        rng = np.random.default_rng(1)
        image = rng.random((12, 12)) * 0.5
        encoder = ImageEncoder(ImageEncoderParams(method="adaptive", window=5, offset=0.05), (12, 12))
        assert np.array_equal(encoder.encode(image), encoder.encode(image + 0.3))

    @pytest.mark.parametrize("bad", [np.full((2, 2), np.nan), np.full((2, 2), 1.5), np.zeros((3, 2))])
    def test_bad_images(self, bad):
        with pytest.raises(BadInput, match="image"):
            ImageEncoder(ImageEncoderParams(), (2, 2)).encode(bad)


class TestClassifier:
    def test_learns_what_can_be_told_apart(self):
        rng = np.random.default_rng(0)
        homes = [rng.choice(100, 10, replace=False) for _ in range(4)]
        labels = rng.integers(0, 4, 300)
        codes = [np.sort(rng.choice(homes[c], 7, replace=False)).astype(np.int32) for c in labels]
        classifier = SoftmaxClassifier(100, 4, SoftmaxClassifierParams(), seed=1)
        classifier.fit(codes[:200], labels[:200])
        assert (classifier.predict(codes[200:]) == labels[200:]).mean() > 0.95
        p = classifier.probabilities(codes[:5])
        assert p.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)

    def test_equals_htmcore(self, htmcore_oracles):
        """The update is htm.core's; it has no bias, and knows a label only once it was seen."""
        data = np.load(htmcore_oracles / "classifier.npz", allow_pickle=False)
        weights = np.zeros((int(data["patterns"].max()) + 1, 5), dtype=np.float32)
        known = 0
        for i, pattern in enumerate(data["order"]):
            code = np.sort(data["patterns"][pattern]).astype(np.int32)
            label = int(data["labels"][pattern])
            if known:
                logits = weights[code, :known].sum(axis=0)
                p = np.exp(logits - logits.max())
                assert p / p.sum() == pytest.approx(data["pdf_before_learning"][i, :known], abs=1e-5)
            known = max(known, label + 1)
            part = np.ascontiguousarray(weights[:, :known])
            kernels.softmax_train(
                part,
                np.zeros(known, np.float32),
                np.array([0, code.size]),
                code,
                np.array([label], np.int32),
                np.array([0]),
                np.float32(data["alpha"]),
            )
            weights[:, :known] = part

    def test_bad_labels(self):
        classifier = SoftmaxClassifier(10, 3, SoftmaxClassifierParams())
        with pytest.raises(BadInput, match="labels"):
            classifier.fit([np.array([1], np.int32)], [3])
        with pytest.raises(BadInput, match="codes"):
            classifier.fit([np.array([11], np.int32)], [0])


class TestMeasures:
    def test_entropy_bound_is_reached_by_even_use(self):
        codes = [np.array([i], np.int32) for i in range(50)]
        s = 1 / 50
        bound = -(s * np.log2(s) + (1 - s) * np.log2(1 - s))
        assert bound == pytest.approx(0.1414, abs=5e-5)  # Cui et al.: at s = 0.02
        assert measures.entropy(codes, 50) == pytest.approx(bound)
        assert measures.entropy([codes[0]] * 50, 50) == 0.0
        assert measures.sparsity(codes, 50) == pytest.approx(s)

    def test_corruption_moves_exactly_that_share(self):
        rng = np.random.default_rng(0)
        active = np.arange(20, dtype=np.int32)
        for share in (0.0, 0.25, 1.0):
            noisy = measures.corrupt(active, 100, share, rng)
            assert noisy.size == 20
            assert overlap(active, noisy) == round(20 * (1 - share))

    def test_robustness_of_the_identity(self):
        inputs = [np.arange(i, i + 10, dtype=np.int32) for i in range(5)]
        levels = np.array([0.0, 0.5, 1.0])
        result = measures.noise_robustness(inputs, inputs, 200, lambda x: x, levels, np.random.default_rng(0))
        assert result == pytest.approx([1.0, 0.5, 0.0])
