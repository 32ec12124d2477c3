"""Ids and positions as the judge reads them. To the clients themselves they are opaque."""


def parse_id(text):
    """`1795359771922-57` as a pair that compares as ids do."""
    milliseconds, _, counter = text.partition("-")
    return int(milliseconds), int(counter)


def id_in(position):
    """The id in a position `<id>.<era>[~<incarnation>.<n>]`; None when there is none."""
    if not position:
        return None
    text = position.partition(".")[0]
    return text if text.replace("-", "", 1).isdigit() else None


def era_in(position):
    """The era in a position; None when there is none."""
    return position.partition(".")[2].partition("~")[0].partition(",")[0] or None if position else None
