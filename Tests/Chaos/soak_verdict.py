"""Whether memory stayed flat, from a soak's samples. Pure.

Samples fall into quiet stretches, with a peak between each two. After the first tenth of the run, in which a process fills
what it keeps for good, and a while after each peak, these are asked:

  growth  within the stretches: the slope of one line laid through all of them, each at a level of its own, times their
          time; or that of one stretch alone, where that is more. What a peak left may shrink for long, and would hide it
  given   after each peak, at once: what the worker gives back to the system. Some of it is soon touched again, for what is
          allocated from then on is spread over all that is free
  kept    between them: how much higher a stretch lies than the one before the peak. The first peak may leave what it took;
          a later one of the same size must find room in that
  left    when everyone has gone: what grew in the room that a peak had left shows here
"""

from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median

FIRST_PART = 0.1  # of the run: not judged
SETTLING_PART = 0.05  # of the run, after each peak: judged only for what is given back
FEWEST = 3  # samples in a stretch


@dataclass(frozen=True)
class Bounds:
    """The greater of the two counts, where there are two."""

    growth: float = 2.0  # MiB
    # Of the level before the first peak. The same free memory is found in more and more pieces, for minutes: what grows for
    # other reasons is found in what a later peak leaves behind, and in what is left at the end.
    growth_share: float = 0.15
    given_share: float = 0.3  # of what the first peak took
    left: float = 8.0  # MiB of its own more than at the start: 17 bytes for each of 500,000 sessions
    descriptors: int = 2  # more than at the start
    troubles: float = 0.001  # of all sessions

    def most_growth(self, level):
        return max(self.growth, self.growth_share * level)

    def least_given(self, rise):
        return self.given_share * rise


@dataclass(frozen=True)
class Course:
    """What the samples say, in MiB."""

    tenths: list  # medians of each tenth of the run, peaks left out; None where there was nothing else
    levels: list  # medians of each quiet stretch
    peaks: list  # the highest sample of each peak
    growth: float
    given: list  # after each peak, at the lowest
    kept: list  # after each peak


def course(samples, length):
    """`length`: of the run, in seconds. Raises ValueError for samples that tell nothing."""
    quiet = [sample for sample in samples if sample["phase"] == "quiet"]
    tenths = [[sample["rss"] for sample in quiet if part * length / 10 <= sample["at"] < (part + 1) * length / 10]
              for part in range(10)]
    stretches, peaks, given = [], [], []
    for phase, group in groupby((sample for sample in samples if sample["at"] >= FIRST_PART * length),
                                key=lambda sample: sample["phase"]):
        points = [(sample["at"], sample["rss"]) for sample in group]
        if phase != "quiet":
            peaks.append(max(rss for _, rss in points))
            continue
        if peaks:
            settled = points[0][0] + SETTLING_PART * length
            given.append(round(peaks[-1] - min(rss for at, rss in points if at < settled), 2))
            points = [(at, rss) for at, rss in points if at >= settled]
        stretches.append(points)
    if not stretches or min(map(len, stretches)) < FEWEST:
        raise ValueError(f"a quiet stretch has fewer than {FEWEST} samples: sample more often, or run longer")
    levels = [median(rss for _, rss in points) for points in stretches]
    growth = max(rise(chosen) for chosen in [stretches, *([points] for points in stretches)])
    return Course(
        [round(median(part), 2) if part else None for part in tenths], [round(level, 2) for level in levels], peaks,
        round(growth, 2), given, [round(later - level, 2) for level, later in zip(levels, levels[1:])])


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
    least = bounds.least_given(found.peaks[0] - level) if found.peaks else 0
    for number, given in enumerate(found.given):
        if given < least:
            phrases.append(f"peak {number + 1} gave back {given:.1f} MiB, under {least:.1f}")
    for number, kept in enumerate(found.kept):
        most = bounds.growth if number else found.peaks[0] - level
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
    left = end["anonymous"] - start["anonymous"]
    if left > bounds.left:
        phrases.append(f"{left:.1f} MiB of memory were never given back, over {bounds.left:.1f}")
    if end["connections"]:
        phrases.append(f"the worker still counts {end['connections']} connections")
    if end["channels"]:
        phrases.append(f"the worker is still subscribed to {end['channels']} channels")
    return phrases
