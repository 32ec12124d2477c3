"""What a process holds in memory, by /proc (proc(5)). In MiB."""

from pathlib import Path


def resident(pid):
    """(now, at most since the last `forget_peak`)"""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(round(int(fields[name].split()[0]) / 1_024, 1) for name in ("VmRSS", "VmHWM"))


def forget_peak(pid):
    """The peak counts from here on: 5 in clear_refs sets it to what is held now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
