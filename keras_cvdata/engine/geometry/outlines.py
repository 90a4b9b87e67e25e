"""What of each box is in sight, as a polygon that follows its image, on `xp` of both kinds.

A box that is turned becomes another shape. Were it boxed after every move, it would grow each time;
so its corners are carried to the end, and boxed once. What leaves the image is cut off after every
step that renders pixels, since no later step brings those pixels back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.engine.geometry.fields import displacement_at

# Rounding of shares of areas.
_SHARE = 1e-5
# What is narrower shows in no pixel; it is more than the rounding of float32 in a large image.
_NARROW = 0.01
# Beyond the border of every image.
_FAR = 1e9
# Room for corners comes in as few sizes as can be: JAX compiles each operation anew for each size.
_ROOM = 8
# Corners that a polygon is given before it is bent, and rounds to find where a field leads to.
_BENT = 64
_ROUNDS = 8
# How often the outline of a bent box leaves through one side of the image, at most.
_WAVES = 4


@dataclass(frozen=True)
class Outlines:
    """Polygons of the parts of boxes that are in sight.

    Attributes:
        points: (B, N, 5, V) corners: x w, y w and w, where (x, y) are pixels as in `boxes` and w is
            1 unless the view is in perspective, and the place in the original box, 0 to 1 across
            and down. All that is between two corners lies on a straight line in these five. The
            last is repeated to the end of the room; a box out of sight has all at one place of the
            original.
        corners: How many there are without repetition, at most.
        waves: How often an outline may leave through one side of the image: 1 where it is convex.
    """

    points: Tensor
    corners: int = 4
    waves: int = 1

    @classmethod
    def of(cls, boxes: Tensor, height: Tensor, width: Tensor, xp: Any) -> Self:
        """Begin with the parts of boxes that lie within their images.

        Args:
            boxes: (B, N, 4) left, top, right, bottom in pixels.
            height: Height of the images.
            width: Width of the images.
            xp: `numpy` or `keras.ops`.

        Returns:
            The outlines.
        """
        left, right = (xp.clip(boxes[..., i], 0, width) for i in (0, 2))
        top, bottom = (xp.clip(boxes[..., i], 0, height) for i in (1, 3))
        none = xp.zeros_like(left)
        every = none + 1
        seen = xp.where(xp.logical_and(right > left, bottom > top), every, none)
        rows = (
            (left, right, right, left),
            (top, top, bottom, bottom),
            (every, every, every, every),
            (none, seen, seen, none),
            (none, none, seen, seen),
        )
        return cls(xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2))

    def boxes(self, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Give the smallest upright boxes round the outlines in images of a size: (B, N, 4)."""
        x, y, w = (self.points[..., i, :] for i in range(3))
        w = xp.where(w > 0, w, xp.ones_like(w))
        x, y = xp.clip(x / w, 0, width), xp.clip(y / w, 0, height)
        # Without `initial`, Keras refuses arrays of no boxes.
        low = [xp.min(each, axis=-1, initial=_FAR) for each in (x, y)]
        high = [xp.max(each, axis=-1, initial=0.0) for each in (x, y)]
        return xp.stack([*low, *high], axis=-1)

    def shares(self, xp: Any) -> Tensor:
        """Say which share of the area of each box is in sight, of what lay in its image: (B, N)."""
        x, y = self.points[..., 3, :], self.points[..., 4, :]
        next_x, next_y = xp.roll(x, -1, axis=-1), xp.roll(y, -1, axis=-1)
        return xp.abs(xp.sum(x * next_y - next_x * y, axis=-1)) / 2

    def cut(self, height: Tensor, width: Tensor, xp: Any) -> Self:
        """Cut them at the border of images of a size."""
        if xp is np and self._lies_within(height, width):
            return self
        cut = self._within((0, 0, height, width), xp)
        boxes = cut.boxes(height, width, xp)
        left, top, right, bottom = (boxes[..., i] for i in range(4))
        wide = xp.logical_and(right - left > _NARROW, bottom - top > _NARROW)
        place = xp.where(wide[..., None, None], cut.points[..., 3:, :], 0.0)
        return replace(cut, points=xp.concatenate([cut.points[..., :3, :], place], axis=-2))

    def by_matrix(self, matrix: Tensor, xp: Any) -> Self:
        """Lead them through the inverse of (1 or B, 3, 3) output-to-input matrices."""
        (a, b, c), (d, e, f), (g, h, i) = (
            [matrix[:, row, column][:, None, None] for column in range(3)] for row in range(3)
        )
        one = a * (e * i - f * h) + b * (f * g - d * i) + c * (d * h - e * g)
        a, b, c, d, e, f, g, h, i = (
            entry / one
            for entry in (
                *(e * i - f * h, c * h - b * i, b * f - c * e),
                *(f * g - d * i, a * i - c * g, c * d - a * f),
                *(d * h - e * g, b * g - a * h, a * e - b * d),
            )
        )
        x, y, w, *place = (self.points[..., k, :] for k in range(5))
        x, y = x - w / 2, y - w / 2  # matrices begin at the centre of the first pixel
        depth = g * x + h * y + i * w
        x, y = a * x + b * y + c * w + depth / 2, d * x + e * y + f * w + depth / 2
        return replace(self, points=xp.stack([x, y, depth, *place], axis=-2))

    def by_rectangles(self, rectangles: Tensor, xp: Any) -> Self:
        """Let them follow pasted rectangles, see `steps.Paste`; the largest piece is kept."""
        rectangles = cast(rectangles, "float32", xp)
        best = self._with_room(xp)
        largest = xp.zeros_like(best.points[..., 0, 0])
        for r in range(rectangles.shape[1]):
            top, left, bottom, right, y, x = (rectangles[:, r, k] for k in range(6))
            edges = (y, x, y + bottom - top, x + right - left)
            window = tuple(edge[:, None, None] for edge in edges)
            piece = self._within(window, xp)
            still = xp.zeros_like(top)
            way = xp.stack([left - x, top - y, still, still, still], axis=-1)[:, None, :, None]
            moved = piece.points + way * piece.points[..., 2:3, :]
            area = piece.shares(xp)
            larger = area > largest
            best = replace(piece, points=xp.where(larger[..., None, None], moved, best.points))
            largest = xp.where(larger, area, largest)
        return best

    def by_field(self, grid: Tensor, height: Tensor, width: Tensor, xp: Any) -> Outlines:
        """Bend them by a field; a pixel at `q` is read from `q + shift(q)`, see `fields`."""
        room = self.points.shape[-1]
        between = max(1, _BENT // room)
        ahead = xp.roll(self.points, -1, axis=-1)
        parts = [self.points + (ahead - self.points) * (k / between) for k in range(between)]
        shape = (*xp.shape(self.points)[:3], room * between)
        points = xp.reshape(xp.stack(parts, axis=-1), shape)
        w = points[..., 2, :]
        w = xp.where(w > 0, w, xp.ones_like(w))
        x, y = points[..., 0, :] / w - 0.5, points[..., 1, :] / w - 0.5
        to_x, to_y = x, y
        for _ in range(_ROUNDS):
            shift = displacement_at(grid, to_y, to_x, height, width, xp)
            to_x, to_y = x - shift[..., 0], y - shift[..., 1]
        rows = (to_x + 0.5, to_y + 0.5, xp.ones_like(w), points[..., 3, :], points[..., 4, :])
        return Outlines(xp.stack(rows, axis=-2), room * between, _WAVES)

    def _lies_within(self, height: Tensor, width: Tensor) -> bool:
        x, y, w = (self.points[..., i, :] for i in range(3))
        inside = (x >= 0) & (x <= width * w) & (y >= 0) & (y <= height * w)
        return bool(inside.all())

    def _within(self, window: tuple[Tensor, ...], xp: Any) -> Self:
        """What lies within top, left, bottom and right, numbers or (B, 1, 1) pixels."""
        outlines = self._with_room(xp)
        points = outlines.points
        top, left, bottom, right = window
        for row, sign, limit in ((0, 1, left), (0, -1, right), (1, 1, top), (1, -1, bottom)):
            # Both sides of a window together leave out what lies behind the viewer.
            inside = sign * (points[..., row, :] - limit * points[..., 2, :])
            if xp is not np or (inside < 0).any():  # NumPy can tell that there is nothing to cut
                points = _cut(points, inside, xp)
        return replace(outlines, points=points)

    def _with_room(self, xp: Any) -> Self:
        """Add the corners that four cuts may make.

        Each time that an outline leaves, it gets two corners and loses one or more.
        """
        corners = self.corners + 4 * self.waves
        room = -(-corners // _ROOM) * _ROOM - self.points.shape[-1]
        if room <= 0:
            return replace(self, corners=corners)
        last = xp.repeat(self.points[..., -1:], room, axis=-1)
        return replace(self, points=xp.concatenate([self.points, last], axis=-1), corners=corners)


def in_sight(shares: Tensor, min_visible: float, xp: Any) -> Tensor:
    """Say of which boxes enough is in sight.

    Args:
        shares: (B, N) shares of the areas that are in sight.
        min_visible: Share that must be.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, N) bool; false where nothing is in sight.

    Example:
        >>> in_sight(np.array([[0.0, 0.2, 0.5]]), 0.5, np).tolist()
        [[False, False, True]]
    """
    return xp.logical_and(shares > 0, shares >= min_visible - _SHARE)


def _cut(points: Tensor, inside: Tensor, xp: Any) -> Tensor:
    """Keep the part of polygons on one side of a line (Sutherland and Hodgman, 1974).

    Args:
        points: (B, N, 5, V) corners, with room for those that are made.
        inside: (B, N, V) how far each lies inside of the line, negative outside.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, N, 5, V) corners.
    """
    room = points.shape[-1]
    ahead, inside_ahead = xp.roll(points, -1, axis=-1), xp.roll(inside, -1, axis=-1)
    stays = inside >= 0
    crosses = xp.logical_xor(stays, inside_ahead >= 0)
    way = inside - inside_ahead
    way = inside / xp.where(crosses, way, xp.ones_like(way))
    every = xp.concatenate([points, points + (ahead - points) * way[..., None, :]], axis=-1)
    # A corner comes before the crossing behind it, and what is left out comes last.
    slots = xp.arange(room, dtype="int32")
    behind = xp.roll(points[..., 3:, :], 1, axis=-1)
    repeated = xp.all(points[..., 3:, :] == behind, axis=-2)
    stays = xp.logical_and(stays, xp.logical_or(slots == 0, xp.logical_not(repeated)))
    place = xp.concatenate(
        [xp.where(stays, 2 * slots, 4 * room), xp.where(crosses, 2 * slots + 1, 4 * room)], axis=-1
    )
    chosen = xp.argsort(place, axis=-1)
    count = xp.sum(cast(place < 4 * room, "int32", xp), axis=-1)[..., None]
    chosen = xp.take_along_axis(chosen, xp.minimum(slots, xp.maximum(count, 1) - 1), axis=-1)
    return xp.take_along_axis(every, xp.repeat(chosen[..., None, :], 5, axis=-2), axis=-1)
