"""One random history on the engine in C, once per kernel, and on its slow twin."""

from dataclasses import replace
from random import Random

import numpy as np
from worlds import World

from _pykube_hotcore.native import Engine, NativeError, Replay, Survey, kernels
from _pykube_hotcore.program import (
    FIELD_RESOURCES,
    Code,
    EngineProfile,
    Plugin,
    PodClass,
    Tie,
)
from _pykube_hotcore.slow import SlowEngine


class DifferenceError(AssertionError):
    """The engines disagree."""


def same(got, wanted, what: str) -> None:
    if not np.array_equal(got, wanted):
        raise DifferenceError(f"{what}:\n C    {got}\n twin {wanted}")


def outcome(function, *arguments):
    """What a call gives: its result, or the status of its refusal."""
    try:
        return function(*arguments), None
    except NativeError as error:
        return None, error.status
    except OverflowError:  # a number that does not even fit in its array
        return None, -2


def numbers_in(value) -> int:
    """How many numbers a nested tuple holds; truth values are none."""
    if isinstance(value, tuple):
        return sum(numbers_in(item) for item in value)
    return isinstance(value, int) and not isinstance(value, bool)


def replaced(value, index: int, number: int):
    """The nested tuple with its number at an index replaced."""
    if not isinstance(value, tuple):
        return number
    items = list(value)
    for at, item in enumerate(items):
        inside = numbers_in(item)
        if index < inside:
            items[at] = replaced(item, index, number)
            break
        index -= inside
    return type(value)(*items) if hasattr(value, "_fields") else tuple(items)


def spoiled(random: Random, thing, numbers=(-1, -2, 101, 2**31)):
    """A dataclass or named tuple with one of its numbers replaced by another."""
    names = list(getattr(thing, "__dataclass_fields__", ())) or list(thing._fields)
    whole = tuple(getattr(thing, name) for name in names)
    count = numbers_in(whole)
    if count:
        whole = replaced(whole, random.randrange(count), random.choice(numbers))
    return type(thing)(*whole)


class Pair:
    """Engines that do the same; ``step`` does one random thing and compares."""

    def __init__(self, random: Random, kernel: str | None = None) -> None:
        self.random = random
        self.world = World(random, pod_rules=random.random() < 0.7)
        tie = random.choice(list(Tie))
        seed = random.getrandbits(64)
        rows = kernels() if kernel is None else [kernel]
        self.native = [Engine(kernel=name, tie=tie, seed=seed) for name in rows]
        self.twin = SlowEngine(tie=tie, seed=seed)
        self.classes: list[PodClass] = []
        self.profiles: list[EngineProfile] = []
        self.pods: dict[int, int] = {}
        self.nominations: list[tuple] = []
        self.surveys: list[Survey] = []
        self.grow()

    def close(self) -> None:
        for engine in self.native:
            engine.close()

    def both(self, name: str, *arguments):
        """Call all engines; the results, or the refusals, must agree."""
        wanted = outcome(getattr(self.twin, name), *arguments)
        for engine in self.native:
            got = outcome(getattr(engine, name), *arguments)
            same(got[1], wanted[1], f"{name}{arguments} status")
            if isinstance(wanted[0], tuple):
                for a, b in zip(got[0], wanted[0], strict=True):
                    same(a, b, f"{name}{arguments}")
            elif wanted[0] is not None:
                same(got[0], wanted[0], f"{name}{arguments}")
        return wanted[0]

    def grow(self) -> None:
        """Fill the empty engines."""
        world, r = self.world, self.random
        if world.pod_rules:
            for _ in range(4):
                self.both("add_matcher", world.matcher())
        for _ in range(r.choice((1, 1, 2))):
            self.add_profile()
        count = r.choice((0, 1, 2, 3, 5, 8, 8, 12, 12, 20, 70 if r.random() < 0.3 else 6))
        if r.random() < 0.02:
            count = r.choice((99, 100, 130))
        self.both("add_nodes", [world.node() for _ in range(count)])
        for _ in range(r.randint(1, 6)):
            self.add_class()
        if r.random() < 0.6:
            self.crowd()

    def step(self) -> None:
        """Do one random thing, then compare all that can be seen."""
        steps = [
            (self.place, 10),
            (self.replay, 3),
            (self.bind, 4),
            (self.remove, 4),
            (self.update_node, 3),
            (self.add_nodes, 2),
            (self.remove_node, 1),
            (self.add_class, 1),
            (self.add_profile, 0.3),
            (self.misuse, 1),
            (self.set_order, 0.5),
            (self.spoil, 1),
        ]
        if self.world.pod_rules:
            steps += [
                (self.set_namespaces, 0.5),
                (self.set_external, 1),
                (self.nominate, 1),
                (self.unnominate, 1),
                (self.set_start_times, 1),
            ]
        names, weights = zip(*steps, strict=True)
        self.random.choices(names, weights)[0]()
        self.compare()

    def crowd(self) -> None:
        """Bind pods wherever, some beyond what fits."""
        rows = [row for row in self.live() for _ in range(self.random.choice((0, 1, 2, 5)))]
        self.bind_to(rows)

    # Steps.

    def any_class(self) -> int:
        return self.random.randrange(len(self.classes))

    def live(self) -> list[int]:
        return list(self.twin.cluster.live_rows())

    def add_profile(self) -> None:
        if self.random.random() < 0.06:
            profile, policy = self.world.policy()
            self.both("add_profile", profile, policy)
        else:
            profile = self.world.profile()
            index = self.both("add_profile", profile)
            if self.random.random() < 0.25:
                self.both("set_sampling", index, self.random.choice((0, 1, 50, 99, 100, 101, -1)))
        self.profiles.append(profile)

    def set_order(self) -> None:
        order = self.random.sample(self.live(), len(self.live()))
        if self.random.random() < 0.2:
            order = [*order[1:], 0]
        self.both("set_order", order)

    def add_class(self) -> None:
        matchers = len(self.twin.cluster.matchers)
        spec = self.world.pod_class(len(self.profiles), matchers)
        self.both("add_class", spec)
        self.classes.append(spec)

    def add_nodes(self) -> None:
        self.both("add_nodes", [self.world.node() for _ in range(self.random.randint(0, 3))])

    def update_node(self) -> None:
        for row in self.live()[:1] and [self.random.choice(self.live())]:
            old = self.twin.cluster.rows[row].node
            new = self.world.node()
            if self.random.random() < 0.5:
                new = new.__class__(
                    **{
                        name: getattr(self.random.choice((old, new)), name)
                        for name in new.__dataclass_fields__
                    }
                )
            self.both("update_nodes", [row], [new])

    def remove_node(self) -> None:
        if self.live():
            row = self.random.choice(self.live())
            self.both("remove_node", row)
            self.pods = {slot: at for slot, at in self.pods.items() if at != row}
            self.nominations = [n for n in self.nominations if n[-1] != row]

    def place(self) -> None:
        wanted = [self.any_class() for _ in range(self.random.choice((1, 1, 2, 6, 12)))]
        placed = self.both("place", wanted)
        if placed is None:
            self.resync()
            return
        for c, row, slot in zip(wanted, *(x.tolist() for x in placed), strict=True):
            if row >= 0:
                self.take(c, row, slot)

    def replay(self) -> None:
        """Some pods come and go at a few instants, up to where each engine stops."""
        r = self.random
        wanted = [self.any_class() for _ in range(r.choice((1, 3, 8)))]
        events = []
        for pod in range(len(wanted)):
            came = r.randrange(4)
            events.append((came, 1, pod))
            if r.random() < 0.7:
                events.append((came + 1 + r.randrange(3), 0, pod))
        events.sort(key=lambda event: event[:2])
        columns = [np.array(column) for column in zip(*events, strict=True)]
        waiting = np.array([self.any_class() for _ in range(r.choice((0, 0, 2)))], np.int64)
        anywhere = len(waiting) > 0 and r.random() < 0.2
        plays = [
            Replay(columns[0], columns[2], columns[1] == 0, np.array(wanted))
            for _ in (self.twin, *self.native)
        ]
        for play in plays:
            play.wait(waiting, anywhere)
        at = 0
        while at < len(events):
            found = outcome(self.twin.replay, plays[0], at, len(events))
            for engine, play in zip(self.native, plays[1:], strict=True):
                got = outcome(engine.replay, play, at, len(events))
                if got != found:
                    raise DifferenceError(f"replay: C {got}, twin {found}")
                same(play.rows, plays[0].rows, "replay: rows")
                same(play.slots, plays[0].slots, "replay: slots")
            if found[0] is None:
                break
            at = found[0][0]
        self.resync()
        if self.live():
            rows = r.sample(self.live(), min(3, len(self.live())))
            self.both("room", [self.any_class() for _ in range(3)], rows)

    def take(self, class_index: int, row: int, slot: int) -> None:
        if slot in self.pods:
            raise DifferenceError(f"slot {slot} is taken twice")
        self.pods[slot] = row

    def resync(self) -> None:
        """After an error in the middle of a batch: what was placed before stays."""
        pods = self.twin.cluster.pods
        self.pods = {slot: pod.row for slot, pod in enumerate(pods) if pod is not None}

    def bind(self) -> None:
        if self.live():
            self.bind_to(
                [self.random.choice(self.live()) for _ in range(self.random.randint(0, 4))]
            )

    def bind_to(self, rows: list[int]) -> None:
        wanted = [self.any_class() for _ in rows]
        slots = self.both("bind", wanted, rows)
        if slots is not None:
            for c, row, slot in zip(wanted, rows, slots.tolist(), strict=True):
                self.take(c, row, slot)

    def remove(self) -> None:
        slots = self.random.sample(
            sorted(self.pods), min(len(self.pods), self.random.choice((1, 3)))
        )
        self.both("remove", slots)
        for slot in slots:
            del self.pods[slot]

    def misuse(self) -> None:
        """Calls that are refused, with nothing changed."""
        rows, slots = self.twin.row_count, len(self.twin.cluster.pods)
        dead = [row for row in range(rows) if not self.twin.cluster.rows[row].alive]
        row = self.random.choice([-1, rows, 2**31 - 1, *dead])
        kind = self.random.randrange(6)
        if kind == 0:
            self.both("remove_node", row)
        elif kind == 1:
            self.both("bind", [self.any_class()], [row])
        elif kind == 2:
            self.both("remove", [*list(self.pods)[:2], self.random.choice((-1, slots, 2**31 - 1))])
        elif kind == 3:
            self.both("remove", [*list(self.pods)[:2], *list(self.pods)[:1], -1])
        elif kind == 4:
            self.both("place", [self.any_class(), len(self.classes)])
        else:
            self.both("reserve_resources", self.random.choice((-1, 0, 7, 61)))

    def spoil(self) -> None:
        """Objects with one number that is out of range, or is not after all."""
        r, world = self.random, self.world
        bad = replace(spoiled(r, world.node(), (-1, -2)), rank=7)
        kind = r.choice(("class", "class", "profile", "node", "update", "matcher"))
        if kind == "class":
            spec = spoiled(r, world.pod_class(len(self.profiles), len(self.twin.cluster.matchers)))
            if self.both("add_class", spec) is not None:
                self.classes.append(spec)
        elif kind == "profile":
            profile = spoiled(r, world.profile())
            if self.both("add_profile", profile) is not None:
                self.profiles.append(profile)
        elif kind == "matcher":
            self.both("add_matcher", spoiled(r, world.matcher(), (-1, 101)))
        elif kind == "node":
            self.both("add_nodes", [world.node(), bad])
        elif self.live():
            self.both("update_nodes", [r.choice(self.live())], [bad])

    def set_namespaces(self) -> None:
        index = self.random.randrange(len(self.twin.cluster.matchers))
        namespaces = self.random.choice((None, (), (0,), (1,), (0, 1)))
        self.both("set_matcher_namespaces", index, namespaces)

    def set_external(self) -> None:
        rows = self.twin.row_count
        outside = [i for i, c in enumerate(self.classes) if c.has_external]
        if outside:
            masks = [
                np.array([self.random.choice((0, 0, 0, 1, 6)) for _ in range(rows)], np.uint8)
                for _ in range(2)
            ]
            self.both("set_external", self.random.choice(outside), *masks)

    def set_start_times(self) -> None:
        slots = self.random.sample(sorted(self.pods), min(len(self.pods), 4))
        self.both("set_start_times", slots, [self.random.choice((0, 1, 2, 10**18)) for _ in slots])

    def nominate(self) -> None:
        if self.live():
            c, row = self.any_class(), self.random.choice(self.live())
            handles = [engine.nominate(c, row) for engine in (self.twin, *self.native)]
            self.nominations.append((*handles, row))

    def unnominate(self) -> None:
        if self.nominations:
            found = self.nominations.pop(self.random.randrange(len(self.nominations)))
            for engine, handle in zip((self.twin, *self.native), found[:-1], strict=True):
                engine.unnominate(handle)

    # Comparison.

    def compare(self) -> None:
        """All that can be seen from outside."""
        self.twin.validate()
        if self.twin.pod_count != len(self.pods):
            raise DifferenceError(f"{len(self.pods)} pods are on rows, {self.twin.pod_count} known")
        fields = FIELD_RESOURCES + 2 * self.twin.cluster.resource_count
        columns = [self.twin.column(field) for field in range(fields)]
        devices = self.twin.devices()
        c = self.any_class()
        wanted, refusal = outcome(self.twin.evaluate, c)
        for engine in self.native:
            engine.validate()
            same(engine.pod_count, self.twin.pod_count, "pod_count")
            same(engine.row_count, self.twin.row_count, "row_count")
            for field, column in enumerate(columns):
                same(engine.column(field), column, f"column {field}")
            same(engine.devices(), devices, "devices")
            got, refused = outcome(engine.evaluate, c)
            same(refused, refusal, f"evaluate class {c}: status")
            if wanted is not None:
                self.compare_evaluation(got, wanted, c)
        if self.world.pod_rules:
            self.both("match", tuple(self.world.term((2, 3, 4, 5)) for _ in range(2)))
        if self.twin.row_count:
            self.both("filter_row", c, self.random.randrange(self.twin.row_count))
        if self.live() and self.random.random() < 0.5:
            self.dry_run(c)
        if self.random.random() < 0.5:
            self.compare_surveys()

    def compare_surveys(self) -> None:
        """Every engine keeps its survey from step to step; the twin begins anew each time."""
        if not self.surveys or self.random.random() < 0.1:
            classes = [self.any_class() for _ in range(self.random.choice((0, 1, 3, 5)))]
            count = self.twin.cluster.resource_count
            resources = self.random.sample(range(count), self.random.randint(0, min(3, count)))
            self.surveys = [Survey(classes, resources) for _ in self.native]
        wanted = Survey(self.surveys[0].classes, self.surveys[0].resources)
        self.twin.survey(wanted)
        for engine, survey in zip(self.native, self.surveys, strict=True):
            engine.survey(survey)
            for name in ("usable", "free_total", "requested_total", "requested", "pod_count"):
                what = f"survey {survey.classes} {survey.resources} {name}"
                same(getattr(survey, name), getattr(wanted, name), what)

    def compare_evaluation(self, got, wanted, class_index: int) -> None:
        what = f"evaluate class {class_index} {self.classes[class_index]}"
        for name in ("code", "plugin", "detail", "scored"):
            same(getattr(got, name), getattr(wanted, name), f"{what}: {name}")
        fits = wanted.code == Code.FITS
        for plugin in np.flatnonzero(wanted.scored):
            for name in ("raw", "normalized"):
                same(
                    getattr(got, name)[plugin][fits],
                    getattr(wanted, name)[plugin][fits],
                    f"{what}: {Plugin(plugin).name} {name}",
                )
        same(got.total, wanted.total, f"{what}: total")

    def dry_run(self, class_index: int) -> None:
        """Victims on some rows."""
        r, matchers = self.random, len(self.twin.cluster.matchers)
        crowded = [row for row in self.live() if self.twin.cluster.rows[row].slots]
        rows = r.sample(self.live(), min(len(self.live()), 1))
        rows += r.sample(crowded, min(len(crowded), 3))
        if r.random() < 0.7:
            class_index = max(range(len(self.classes)), key=lambda c: self.classes[c].priority)
        budgets = (
            [(r.randrange(matchers), r.randint(-1, 2)) for _ in range(r.choice((0, 1, 2)))]
            if matchers
            else []
        )
        pairs = [(b, slot) for b in range(len(budgets)) for slot in self.pods]
        exempt = set(r.sample(pairs, min(len(pairs), r.choice((0, 0, 2)))))
        self.both("dry_run", class_index, rows, budgets, exempt)


def run_history(random: Random, steps: int, kernel: str | None = None) -> int:
    """Run one history; return how many states were compared."""
    pair = Pair(random, kernel)
    try:
        for _ in range(steps):
            pair.step()
    finally:
        pair.close()
    return steps
