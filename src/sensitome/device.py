"""Where large products are computed: here, or on a GPU, where there is one."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from sensitome.core.on_device import Device
from sensitome.errors import MethodError, MissingExtraError

__all__ = ["open_device"]


def open_device(kind: Literal["cpu", "gpu"]) -> Device | None:
    """Find the device that a study asks for.

    Parameters
    ----------
    kind : ``cpu`` = none; ``gpu`` = CUDA through CuPy, else through PyTorch

    Returns
    -------
    None for the processor

    Raises
    ------
    MissingExtraError
        A GPU is asked for, and neither CuPy nor PyTorch is installed.
    MethodError
        One of them is installed, and sees no GPU.
    """
    if kind == "cpu":
        return None
    there = [name for name in ("cupy", "torch") if find_spec(name)]
    if not there or not find_spec("array_api_compat"):
        raise MissingExtraError('device = "gpu"', extra="gpu", package="array_api_compat" if there else "torch")
    for name in there:
        device = _cupy() if name == "cupy" else _torch()
        if device is not None:
            return device
    raise MethodError(
        'device = "gpu" needs a GPU',
        found=f"none that {' or '.join(there)} can use",
        expected="a CUDA device with its driver",
        next_step='Write device = "cpu"; the answer is the same.',
    )


def _cupy() -> Device | None:
    """First device of CuPy."""
    import cupy
    from array_api_compat import cupy as xp

    try:
        if not cupy.cuda.runtime.getDeviceCount():
            return None
    except cupy.cuda.runtime.CUDARuntimeError:
        return None
    return Device("cupy", xp, lambda array: cupy.asarray(array, dtype=cupy.float64), cupy.asnumpy)


def _torch() -> Device | None:
    """First device of PyTorch."""
    import torch
    from array_api_compat import torch as xp

    if not torch.cuda.is_available():
        return None

    def send(array: np.ndarray) -> Any:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float64)).to("cuda")

    return Device("torch", xp, send, lambda array: np.asarray(array.cpu().numpy(), dtype=np.float64))
