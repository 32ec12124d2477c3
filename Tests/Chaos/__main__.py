"""cluster/chaos: what it is asked for, and what it says."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Integration"))

import soak  # noqa: E402
import storm  # noqa: E402
from conductor import Run, Settings  # noqa: E402
from evidence import Evidence  # noqa: E402
from faults import FAULTS  # noqa: E402
from verdict import Verdict  # noqa: E402


def arguments():
    names = "\n".join(f"  {fault.name:24} {fault.what}" for fault in FAULTS.values())
    names += "\n\nfor themselves, with options of their own:"
    names += f"\n  {'storm':24} thousands of clients, and their worker is killed"
    names += f"\n  {'soak':24} a day of comings and goings, and memory must stay flat"
    parser = argparse.ArgumentParser(
        "cluster/chaos", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=f"faults:\n{names}",
        description="Runs a cluster under load, injects a fault, and judges what every subscriber received.")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="one of those below, or all")
    parser.add_argument("--seed", type=int, default=1, help="of the first run [1]")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to run each fault with [1]")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the load lasts, at least [30]")
    parser.add_argument("--rate", type=int, default=300, help="durable events a second [300]")
    parser.add_argument("--live-share", type=float, default=0.05, help="live events for each durable one [0.05]")
    parser.add_argument("--only-live", action="store_true", help="no durable events: those are owed to nobody, but order is")
    parser.add_argument("--channels", type=int, default=200, help="[200]")
    parser.add_argument("--subscribers", type=int, default=600, help="[600]")
    parser.add_argument("--workers", type=int, default=3, help="[3]")
    parser.add_argument("--crowds", type=int, default=1, help="processes that the subscribers live in [1]")
    parser.add_argument("--join", metavar="STATE", help="state folder of a cluster that runs, to play on instead of its own")
    parser.add_argument("--untimed", action="store_true", help="a slow machine: what takes too long doesn't fail")
    parser.add_argument("--keep", action="store_true", help="keeps the folder of a run that passed, too")
    parser.add_argument("--json", metavar="FILE", help="writes all results there, as a list; - is stdout")
    parser.add_argument("--judge", metavar="FOLDER", help="judges the records of a run that was kept, and runs nothing")
    options = parser.parse_args()
    if bool(options.faults) == bool(options.judge):
        parser.error("name a fault, or all")
    for name in options.faults:
        if name not in [*FAULTS, "all"]:
            parser.error(f"no fault '{name}'; there are {', '.join(FAULTS)}")
    return options


def say(text):
    print(text, file=sys.stderr, flush=True)


async def main():
    options = arguments()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    results = [judged(options.judge, not options.untimed)] if options.judge else []
    for name in FAULTS if "all" in options.faults else options.faults:
        for seed in range(options.seed, options.seed + options.seeds):
            settings = Settings(
                seed=seed, seconds=options.seconds, rate=options.rate, channels=options.channels,
                subscribers=options.subscribers, workers=options.workers, crowds=options.crowds,
                live_share=options.live_share, only_live=options.only_live, joined=options.join,
                is_timed=not options.untimed, keeps=options.keep)
            result = await Run(FAULTS[name], settings).play()
            results.append(result)
            say(f"{'passed' if result['passed'] else 'FAILED'}  {name}, seed {seed}: {result['summary']}")
            if result["folder"]:
                say(f"        kept in {result['folder']}")
    if len(results) > 1:
        say(table(results))
    if options.json == "-":
        json.dump(results, sys.stdout, indent=1)
    elif options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + "\n")
    return 0 if all(result["passed"] for result in results) else 1


def judged(folder, is_timed):
    evidence = Evidence.read(folder)
    verdict = Verdict(FAULTS[evidence.fault], evidence, is_timed)
    say(f"{'passed' if verdict.passes else 'FAILED'}  {evidence.fault}: {verdict.summary()}")
    return {**verdict.result(), "folder": folder}


COLUMNS = ("published", "received", "lost", "undeclared", "duplicated", "out_of_order", "phantom", "gaps")


def table(results):
    """A line for each run."""
    def seconds(result, name, measure):
        spread = result["times"][name]
        return f"{spread[measure]:.2f}" if spread else "-"

    head = ["fault", "seed", *(column.replace("_", " ") for column in COLUMNS), "again p50", "p99", "back", "noticed", ""]
    rows = [[result["fault"], str(result["seed"]), *(str(result[column]) for column in COLUMNS),
             seconds(result, "again", "p50"), seconds(result, "again", "p99"), seconds(result, "back", "most"),
             seconds(result, "noticed", "most"), "passed" if result["passed"] else "FAILED"] for result in results]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join("  ".join(
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths))) for row in [head, *rows])


if __name__ == "__main__":
    alone = {"storm": storm.main, "soak": soak.main}.get(sys.argv[1] if len(sys.argv) > 1 else None)
    sys.exit(alone(sys.argv[2:]) if alone else asyncio.run(main()))
