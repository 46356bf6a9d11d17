"""How a room says what it means that a piece of its code is off."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

# Qualified name -> what stands there instead, made from the original and its module.
INSTEAD: dict[str, Callable[[Any, ModuleType], Any]] = {}


class NobodySaid(Exception):
    """What it means that this is off: a class or a value needs an entry in its room's file."""


def instead_of(name: str, original: Any, module: ModuleType) -> Any:
    if name in INSTEAD:
        return INSTEAD[name](original, module)
    if isinstance(original, type) or not callable(original):
        raise NobodySaid(name)
    return lambda *args, **kwargs: None


def off(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The function below stands instead of it."""

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        INSTEAD[name] = lambda original, module: function
        return function

    return keep


def made(name: str) -> Callable[[Callable[[Any, ModuleType], Any]], Callable[[Any, ModuleType], Any]]:
    """The function below makes it, from the original and its module."""

    def keep(maker: Callable[[Any, ModuleType], Any]) -> Callable[[Any, ModuleType], Any]:
        INSTEAD[name] = maker
        return maker

    return keep


def always(name: str, answer: Any) -> None:
    """It does nothing, and says this."""
    INSTEAD[name] = lambda original, module: lambda *args, **kwargs: answer
