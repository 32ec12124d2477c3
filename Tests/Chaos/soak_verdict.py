"""Whether memory stayed flat, from a soak's samples. Pure.

Samples fall into quiet stretches, with a peak between each two. After the first tenth of the run, in which a process fills
what it keeps for good, two things are asked:

  growth  within the stretches: the slope of one line laid through all of them, each at a level of its own, times their
          time; or that of one stretch alone, where that is more. What a peak left may shrink for long, and would hide it
  kept    between them: how much higher a stretch lies than the one before the peak. The first peak may leave something
          behind, for an allocator doesn't give all back; a later one of the same size must find room in that
"""

from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median

FIRST_PART = 0.1  # of the run: not judged
FEWEST = 3  # samples in a stretch


@dataclass(frozen=True)
class Bounds:
    """The greater of the two counts, where there are two."""

    growth: float = 2.0  # MiB
    growth_share: float = 0.03  # of the level before the first peak
    kept: float = 4.0  # MiB, after the first peak
    kept_share: float = 0.35  # of what the first peak took
    descriptors: int = 2  # more than at the start
    troubles: float = 0.001  # of all sessions

    def most_growth(self, level):
        return max(self.growth, self.growth_share * level)

    def most_kept(self, rise):
        return max(self.kept, self.kept_share * rise)


@dataclass(frozen=True)
class Course:
    """What the samples say, in MiB."""

    tenths: list  # medians of each tenth of the run, peaks left out; None where there was nothing else
    levels: list  # medians of each quiet stretch
    peaks: list  # the highest sample of each peak
    growth: float
    kept: list  # after each peak


def course(samples, length):
    """`length`: of the run, in seconds. Raises ValueError for samples that tell nothing."""
    quiet = [sample for sample in samples if sample["phase"] == "quiet"]
    tenths = [[sample["rss"] for sample in quiet if part * length / 10 <= sample["at"] < (part + 1) * length / 10]
              for part in range(10)]
    stretches, peaks = [], []
    for phase, group in groupby((sample for sample in samples if sample["at"] >= FIRST_PART * length),
                                key=lambda sample: sample["phase"]):
        points = [(sample["at"], sample["rss"]) for sample in group]
        if phase == "quiet":
            stretches.append(points)
        else:
            peaks.append(max(rss for _, rss in points))
    if not stretches or min(map(len, stretches)) < FEWEST:
        raise ValueError(f"a quiet stretch has fewer than {FEWEST} samples: sample more often, or run longer")
    levels = [median(rss for _, rss in points) for points in stretches]
    growth = max(rise(chosen) for chosen in [stretches, *([points] for points in stretches)])
    return Course(
        [round(median(part), 2) if part else None for part in tenths], [round(level, 2) for level in levels], peaks,
        round(growth, 2), [round(later - level, 2) for level, later in zip(levels, levels[1:])])


def rise(stretches):
    """How far the lines climb that go through these stretches, are parallel, and lie closest (least squares)."""
    above = below = 0.0
    for points in stretches:
        middle, level = fmean(at for at, _ in points), fmean(rss for _, rss in points)
        above += sum((at - middle) * (rss - level) for at, rss in points)
        below += sum((at - middle) ** 2 for at, _ in points)
    return above / below * sum(points[-1][0] - points[0][0] for points in stretches) if below else 0.0


def reasons(found, bounds=Bounds()):
    """Why memory isn't flat, a phrase each."""
    phrases = []
    level = found.levels[0]
    if found.growth > bounds.most_growth(level):
        phrases.append(f"memory grew by {found.growth:.1f} MiB, over {bounds.most_growth(level):.1f}")
    for number, (kept, peak) in enumerate(zip(found.kept, found.peaks)):
        most = bounds.most_growth(level) if number else bounds.most_kept(peak - level)
        if kept > most:
            phrases.append(f"peak {number + 1} left {kept:.1f} MiB behind, over {most:.1f}")
    return phrases


def remains(start, end, bounds=Bounds()):
    """What is still held when everyone has gone, a phrase each, from a sample before the first session and one after the
    last."""
    phrases = []
    more = end["descriptors"] - start["descriptors"]
    if more > bounds.descriptors:
        phrases.append(f"{more} descriptors were never closed")
    if end["connections"]:
        phrases.append(f"the worker still counts {end['connections']} connections")
    if end["channels"]:
        phrases.append(f"the worker is still subscribed to {end['channels']} channels")
    return phrases
