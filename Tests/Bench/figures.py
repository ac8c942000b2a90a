# SPDX-License-Identifier: Apache-2.0
"""How the benches tell what they measured."""


def figure(name: str, value: float, unit: str) -> None:
    print(f"figure {name} {value:.4g} {unit}", flush=True)


def note(text: str) -> None:
    print(f"# {text}", flush=True)
