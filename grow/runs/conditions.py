"""What the last digits of weights depend on besides the recipe: threads, kernels, processor.

Sums of floating-point numbers are rounded by the order in which they are added up, and the
threads of a process, the kernels of TensorFlow and the instructions of a processor each have an
order of their own. They are in no fingerprint, since a run may well go on elsewhere. A checkpoint
records them, and a stage that resumes under others says so.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grow.backend import ONEDNN, THREADS, cores, threads_said

_COMPUTING = {"tensorflow": "TensorFlow", "keras": "Keras"}
"""The packages that compute weights, by their names in the record; NumPy adds nothing up."""


@dataclass(frozen=True)
class Conditions:
    """What a process computes with; None is not known, as in checkpoints of older versions."""

    threads: int | None = None
    onednn: bool | None = None
    processor: str | None = None
    mixed: bool = False
    """Whether earlier steps of the stage had others: from then on, none would be the right ones."""

    def to_dict(self) -> dict[str, Any]:
        """What is known, as plain JSON values."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return said if self.mixed else {k: v for k, v in said.items() if k != "mixed"}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Conditions:
        """What `to_dict` wrote among ``values``; what is missing or strange is not known."""
        threads, onednn = values.get("threads"), values.get("onednn")
        processor = values.get("processor")
        return cls(
            # To Python, True is a whole number.
            threads=threads if type(threads) is int and threads > 0 else None,
            onednn=onednn if isinstance(onednn, bool) else None,
            processor=processor if isinstance(processor, str) and processor else None,
            mixed=values.get("mixed") is True,
        )


UNKNOWN = Conditions()


@dataclass(frozen=True)
class Difference:
    """One thing that was another one when a checkpoint was written, and how to have it again.

    The remedy must not be a plain stop: that writes a checkpoint, with steps computed here.
    """

    recorded: str
    found: str
    remedy: str

    def __str__(self) -> str:
        """The difference as a warning's sentence goes on with it."""
        return (
            f"{self.recorded}, found {self.found}. Sums are rounded differently, so the weights "
            "may differ in the last digits from those of an uninterrupted run. To prevent that, "
            "stop immediately (press Ctrl-C twice: no checkpoint is written) and "
            f"{self.remedy}"
        )


def differences(recorded: Conditions, found: Conditions) -> Iterator[Difference]:
    """What differs between a checkpoint and this process, of what both know."""
    if recorded.threads and found.threads and recorded.threads != found.threads:
        yield Difference(
            _threads(recorded.threads),
            _threads(found.threads),
            f"run again with {THREADS}={recorded.threads}",
        )
    if None not in (recorded.onednn, found.onednn) and recorded.onednn != found.onednn:
        yield Difference(
            f"oneDNN kernels {_switch(recorded.onednn)}",
            f"them {_switch(found.onednn)}",
            f"run again with {ONEDNN}={int(bool(recorded.onednn))}",
        )
    if recorded.processor and found.processor and recorded.processor != found.processor:
        yield Difference(
            f"the processor {recorded.processor}",
            found.processor,
            "resume on such a processor",
        )


def other_versions(
    recorded: Mapping[str, str], installed: Mapping[str, str]
) -> Iterator[Difference]:
    """Which packages that compute weights have another version than a checkpoint records."""
    for package, title in _COMPUTING.items():
        one, other = recorded.get(package), installed.get(package)
        if one and other and one != other:
            yield Difference(
                f"{title} {one}",
                other,
                f"run again with it: pip install {package}=={one}",
            )


def _threads(number: int) -> str:
    return f"{number} threads" if number > 1 else "1 thread"


def _switch(on: bool | None) -> str:
    return "on" if on else "off"


def here() -> Conditions:
    """What computes here; the rest of what a checkpoint records beside the versions."""
    # TensorFlow's own two ways to the number of threads, where nothing else is said.
    said = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    threads = threads_said() or (int(said) if said.isdecimal() else 0) or cores()
    onednn = os.environ.get(ONEDNN, "1").lower() not in ("0", "false")
    return Conditions(threads, onednn, _processor())


def _processor() -> str | None:
    """The processor's name; None where the system does not tell."""
    try:
        # Python gives no more than "x86_64" on Linux.
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor() or None
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or None
