"""Memory that is used again for the next image, and never twice for one."""

from __future__ import annotations

import itertools
import pickle

import numpy as np

from keras_cvdata.loading.workspace import Workspace, Workspaces


def arrays(workspace: Workspace, count: int = 3) -> list[np.ndarray]:
    return [workspace.empty((5, 7, 3), np.uint8) for _ in range(count)]


def test_memory_of_an_image_is_used_for_the_next() -> None:
    workspace = Workspaces().lend()
    first = arrays(workspace)
    assert not any(np.shares_memory(a, b) for a, b in itertools.pairwise(first))
    workspace.take_back()
    before = arrays(workspace)
    workspace.take_back()
    after = arrays(workspace)
    for a, b in zip(before, after, strict=True):
        assert np.shares_memory(a, b)
        assert a.shape == b.shape == (5, 7, 3)
        assert a.ctypes.data % 16 == 0


def test_one_image_never_gets_memory_twice() -> None:
    workspace = Workspace()
    for count in (1, 8, 3, 20):  # also where there is not enough of it
        workspace.take_back()
        handed_out = arrays(workspace, count)
        for number, array in enumerate(handed_out):
            array[:] = number
        assert all((array == number).all() for number, array in enumerate(handed_out))


def test_huge_images_are_not_kept() -> None:
    workspace = Workspace()
    workspace.empty((5000, 5000, 3), np.uint8)
    workspace.take_back()
    first = workspace.empty((10,), np.float32)
    workspace.take_back()
    assert not np.shares_memory(first, workspace.empty((10,), np.float32))


def test_nobody_has_the_workspace_of_another() -> None:
    workspaces = Workspaces()
    one, other = workspaces.lend(), workspaces.lend()
    assert one is not other
    workspaces.give_back(one)
    assert workspaces.lend() is one
    workspaces.give_back(one)
    workspaces.clear()
    assert workspaces.lend() is not one
    assert pickle.loads(pickle.dumps(workspaces)).lend() is not one
