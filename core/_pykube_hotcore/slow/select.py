"""Which of the nodes with the maximal total."""

MASK = 2**64 - 1


class SplitMix64:
    """Steele, Lea, Flood 2014; the same stream as in C."""

    def __init__(self, seed: int) -> None:
        self.state = seed & MASK

    def next(self) -> int:
        """Return the next 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        """Return a number uniform below ``bound`` > 0: draws until one is under it."""
        mask = (1 << (bound - 1).bit_length()) - 1
        while True:
            drawn = self.next() & mask
            if drawn < bound:
                return drawn


def select(
    rows: list[int], totals: list[float], ranks: list[int], random: SplitMix64 | None
) -> int:
    """Return the row with the highest total.

    Ties fall to the smallest rank, then to the smallest row; or, given a source of random numbers,
    to one of them by a single draw.
    """
    best = max(totals)
    ties = [i for i, total in enumerate(totals) if total == best]
    if random is not None:
        return rows[ties[random.below(len(ties))]]
    return rows[min(ties, key=lambda i: ranks[i])]
