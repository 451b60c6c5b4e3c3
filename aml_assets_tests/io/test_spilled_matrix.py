"""A matrix that was written to disk is read as it was, whole, by features and by rows."""

import errno

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from aml_assets.core.model.batches import Batch, feature_of
from aml_assets.errors import AmlError
from aml_assets.io.spilled_matrix import spill

MATRICES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6))


@given(st.lists(MATRICES, min_size=1, max_size=3), st.data())
def test_what_is_taken_of_a_batch_on_disk_is_what_is_taken_in_memory(
    tmp_path_factory, matrices, data
):
    width = min(each.shape[1] for each in matrices)
    folder = tmp_path_factory.mktemp("scratch")
    chosen = data.draw(st.lists(st.integers(0, width - 1), unique=True) if width else st.just([]))
    masks = [
        np.array(data.draw(st.lists(st.booleans(), min_size=len(m), max_size=len(m))), bool)
        for m in matrices
    ]
    held, kept = list[Batch](), list[Batch]()
    for number, values in enumerate(matrices):
        labels, weights = (np.arange(len(values), dtype=np.float32) * n for n in (1, 2))
        written = spill(values, folder / str(number)).only(chosen)
        for batches, matrix in ((held, values[:, chosen]), (kept, written)):
            once = Batch(matrix, labels, weights).taken(masks[number])
            batches.append(once.taken(np.arange(len(once.labels))[::-1]))
    for one, other in zip(held, kept, strict=True):
        for first, second in zip(
            (one.features, one.labels, one.weights),
            (other.features, other.labels, other.weights),
            strict=True,
        ):
            np.testing.assert_array_equal(first, second)
            assert first is not None
            assert second is not None
            assert first.dtype == second.dtype == np.float32
    for number in range(len(chosen)):
        np.testing.assert_array_equal(feature_of(held, number), feature_of(kept, number))


def test_a_file_that_is_cut_or_gone_is_one_error_that_says_what_to_do(tmp_path):
    path = tmp_path / "day"
    written = spill(np.ones((5, 2), np.float32), path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(
        AmlError, match=r"could not be read: it ends too early.*engine\.spill_folder"
    ):
        written.read()
    path.unlink()
    with pytest.raises(AmlError, match=r"could not be read: No such file"):
        written.column(0)


def test_a_full_disk_is_one_error_that_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "ascontiguousarray", refuse)
    with pytest.raises(AmlError, match=r"could not be written: No space left.*Free space"):
        spill(np.ones((5, 2), np.float32), tmp_path / "day")
