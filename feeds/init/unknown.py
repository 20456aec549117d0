"""A value of a configuration that only running its code would give. No I/O."""

from typing import Any, Final


class Unknown:
    """The type of `UNKNOWN`; it is false, and equal only to itself."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def known_items(items: list[Any]) -> list[Any]:
    """Return the items whose values are known."""
    return [item for item in items if item is not UNKNOWN]


def known_values(mapping: dict[Any, Any]) -> dict[Any, Any]:
    """Return the entries of a mapping whose values are known."""
    return {key: value for key, value in mapping.items() if value is not UNKNOWN}
