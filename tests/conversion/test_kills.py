"""Packing that is killed: nothing that is not complete is ever read, and the next run goes on."""

import random
import subprocess
import sys
import time

import numpy as np
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.sources import open_source

SIZES = {"raw": {"image_size": (64, 64)}, "encoded": {"max_side": 40}}
PACK = f"""
import sys
from keras_cvdata.conversion import convert
sizes = {SIZES}
print("begin", flush=True)
convert(sys.argv[1], sys.argv[2], verbose=0, overwrite=True, n_jobs=1, **sizes[sys.argv[3]])
"""


def pack(folder, target, pixels):
    arguments = [sys.executable, "-c", PACK, str(folder), str(target), pixels]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE)


def packed(folder, target, pixels):
    convert(folder, target, verbose=0, overwrite=True, n_jobs=1, **SIZES[pixels])
    return target.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("pixels", ["raw", "encoded"])
def test_a_kill_leaves_the_old_pack_or_the_new_one(photo_folder, tmp_path, pixels):
    """Five kills at random moments; the old pack holds one image, the new one twelve."""
    target = tmp_path / "out/a.h5"
    target.parent.mkdir()
    old = convert((np.zeros((1, 4, 4, 3), np.uint8), ["owl"]), tmp_path / "old.h5", verbose=0)
    expected = packed(photo_folder, tmp_path / "expected.h5", pixels)
    moments = random.Random(pixels)
    for _ in range(5):
        target.write_bytes(old.read_bytes())
        with pack(photo_folder, target, pixels) as run:
            run.stdout.readline()
            time.sleep(moments.uniform(0, 0.08))
            run.kill()
        assert target.read_bytes() in (old.read_bytes(), expected)
        assert packed(photo_folder, target, pixels) == expected
        assert list(target.parent.iterdir()) == [target]
    assert len(open_source(target)) == 12


@pytest.mark.slow
def test_on_a_dask_cluster(photo_folder, tmp_path):
    """The same file, byte for byte, from one process and from workers of a cluster."""
    distributed = pytest.importorskip("distributed")
    joblib = pytest.importorskip("joblib")
    one = convert(photo_folder, tmp_path / "one.h5", max_side=40, verbose=0)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        many = convert(photo_folder, tmp_path / "many.h5", max_side=40, verbose=0)
    assert many.read_bytes() == one.read_bytes()
