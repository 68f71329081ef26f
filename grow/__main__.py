"""Where the program starts: ``grow``, and ``python -m grow``, which is the same."""

from __future__ import annotations

import gc
import os
import sys


def start() -> int:
    """Runs the command line of this process; returns the exit code.

    Most commands end before there is anything to collect, and start a sixth sooner with the
    collector off; those that train turn it on again.
    """
    gc.disable()
    _open_closed_streams()
    try:
        from grow.cli import main  # noqa: PLC0415  (after the line above)

        return main()
    except KeyboardInterrupt:  # while what could tell it is still being loaded, or is gone
        return _stopped()


def _open_closed_streams() -> None:
    """Opens the null device in place of a standard stream that was closed (``grow run … >&-``).

    Else the next file to be opened, a checkpoint say, would get the stream's number, and whatever
    prints would print into it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)  # processes started from here have it closed else
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _stopped() -> int:
    import json  # noqa: PLC0415  (hardly ever needed)
    import signal  # noqa: PLC0415

    from grow.errors import Stopped  # noqa: PLC0415

    stopped = Stopped("Stopped.", signal_number=signal.SIGINT)
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(stopped.to_dict(), indent=1) + "\n")
    else:
        sys.stderr.write(f"{stopped.message}\n")
    return stopped.exit_code


if __name__ == "__main__":
    sys.exit(start())
