"""A GPU is used where it is asked for, and refused clearly where there is none."""

from __future__ import annotations

import pytest

from sensitome import device
from sensitome.errors import MethodError, MissingExtraError


def test_the_processor_needs_nothing() -> None:
    assert device.open_device("cpu") is None


@pytest.mark.parametrize(("installed", "package"), [((), "torch"), (("torch",), "array_api_compat")])
def test_a_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], package: str
) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: name if name in installed else None)
    with pytest.raises(MissingExtraError) as caught:
        device.open_device("gpu")
    assert str(caught.value) == (
        f"device = \"gpu\" needs the package '{package}', which is not installed. Run: pip install 'sensitome[gpu]'."
    )


def test_a_machine_without_a_gpu_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: name)
    monkeypatch.setattr(device, "_cupy", lambda: None)
    monkeypatch.setattr(device, "_torch", lambda: None)
    with pytest.raises(MethodError) as caught:
        device.open_device("gpu")
    assert str(caught.value) == (
        'device = "gpu" needs a GPU: found none that cupy or torch can use, expected a CUDA device with its driver. '
        'Write device = "cpu"; the answer is the same.'
    )


def test_the_first_library_with_a_gpu_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = device.Device("torch", None, lambda array: array, lambda array: array)
    monkeypatch.setattr(device, "find_spec", lambda name: name)
    monkeypatch.setattr(device, "_cupy", lambda: None)
    monkeypatch.setattr(device, "_torch", lambda: found)
    assert device.open_device("gpu") is found
