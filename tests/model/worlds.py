"""Random profiles, nodes and pod classes, dense in edge cases.

Everything is drawn from a ``random.Random``: hypothesis gives one that shrinks, the command line
one with a seed.
"""

from random import Random

from policies import compiled

from _pykube_hotcore.kernels.policy import PolicyKernel
from _pykube_hotcore.program import (
    CPU,
    EPHEMERAL_STORAGE,
    KEY_NODE_NAME,
    KEY_UNSCHEDULABLE,
    MEMORY,
    Disk,
    Effect,
    EngineProfile,
    Label,
    Matcher,
    NodeRow,
    Operator,
    Plugin,
    PodClass,
    PodTerm,
    Port,
    Preferred,
    Requirement,
    Selector,
    SpreadConstraint,
    Strategy,
    Taint,
    Term,
    Toleration,
)

MIB = 1 << 20
EDGE = 1 << 42  # the float64 columns end here
RESOURCES = 5
KEY_ZONE, KEY_HOSTNAME, KEY_DISK, KEY_GENERATION = 2, 3, 4, 5
KEYS = (KEY_ZONE, KEY_HOSTNAME, KEY_DISK, KEY_GENERATION)
POD_KEYS = (10, 11)
VALUES = 3
DRIVERS = (30, 31)

DEFAULT_FILTERS = tuple(Plugin(p) for p in range(1, 13))
NODE_FILTERS = (
    Plugin.NODE_UNSCHEDULABLE,
    Plugin.NODE_NAME,
    Plugin.TAINT_TOLERATION,
    Plugin.NODE_AFFINITY,
    Plugin.NODE_RESOURCES_FIT,
    Plugin.GPU_SHARE,
)
POD_FILTERS = (
    Plugin.NODE_PORTS,
    Plugin.VOLUME_RESTRICTIONS,
    Plugin.NODE_VOLUME_LIMITS,
    Plugin.VOLUME_BINDING,
    Plugin.VOLUME_ZONE,
    Plugin.POD_TOPOLOGY_SPREAD,
    Plugin.INTER_POD_AFFINITY,
)
FIT, BALANCED = Plugin.NODE_RESOURCES_FIT, Plugin.BALANCED_ALLOCATION
UNIT = ((FIT, 1), (BALANCED, 1))
SCORERS = (
    UNIT,
    ((FIT, 1),),
    ((FIT, 3), (BALANCED, 2)),
    ((BALANCED, 1),),
    (*UNIT, (Plugin.TAINT_TOLERATION, 3), (Plugin.NODE_AFFINITY, 2)),
    ((Plugin.TAINT_TOLERATION, 1),),
    ((Plugin.NODE_AFFINITY, 7),),
    ((Plugin.NODE_AFFINITY, -1),),
    ((FIT, -3), (BALANCED, 2), (Plugin.TAINT_TOLERATION, -(2**31))),
    ((Plugin.WORST_FIT, -1),),
    ((Plugin.BEST_FIT, 1),),
    ((Plugin.WORST_FIT, 2), (FIT, 1)),
    ((Plugin.DOT_PRODUCT, 1), (Plugin.TAINT_TOLERATION, 1)),
    (),
    ((Plugin.RANDOM, 1),),
    (*UNIT, (Plugin.RANDOM, 1)),
)
POD_SCORERS = (
    (
        *UNIT,
        (Plugin.TAINT_TOLERATION, 3),
        (Plugin.NODE_AFFINITY, 2),
        (Plugin.POD_TOPOLOGY_SPREAD, 2),
        (Plugin.INTER_POD_AFFINITY, 2),
        (Plugin.IMAGE_LOCALITY, 1),
    ),
    ((Plugin.POD_TOPOLOGY_SPREAD, 2),),
    ((Plugin.INTER_POD_AFFINITY, 2),),
    ((Plugin.POD_TOPOLOGY_SPREAD, 1), (Plugin.INTER_POD_AFFINITY, 5)),
    ((Plugin.IMAGE_LOCALITY, 4), (Plugin.NODE_AFFINITY, 1)),
    (*UNIT, (Plugin.POD_TOPOLOGY_SPREAD, -2), (Plugin.INTER_POD_AFFINITY, -1)),
    ((Plugin.IMAGE_LOCALITY, -4), (Plugin.INTER_POD_AFFINITY, 2)),
)
SHAPES = (((0, 0), (100, 100)), ((0, 100), (100, 0)), ((20, 0), (50, 100), (80, 30)), ((5, 70),))


class World:
    """Draws what a cluster is made of.

    Parameters
    ----------
    random
        Source of every choice.
    pod_rules
        Ports, images, spread, affinity and volumes too.
    """

    def __init__(self, random: Random, *, pod_rules: bool) -> None:
        self.random = random
        self.pod_rules = pod_rules
        self.extreme = random.random() < 0.3
        self.uniform = random.random() < 0.4
        self.easy = not self.extreme and random.random() < 0.75  # most pods fit on most nodes
        self.named = 0
        self.shapes = [self._amounts() for _ in range(2)]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def some(self, population, most: int) -> list:
        population = list(population)
        return self.random.sample(population, self.random.randint(0, min(most, len(population))))

    def few(self) -> int:
        """How many rules that refuse."""
        return self.random.choice((0,) * 9 + (1, 2) if self.easy else (0, 0, 0, 1, 2, 3))

    # Profiles.

    def policy(self) -> tuple[EngineProfile, PolicyKernel]:
        """A profile that scores by a policy of the user's own."""
        names = ("emptiness", "counting", "hopeless")
        # C asks for a number on each row that the node alone admits, the twin on feasible ones.
        name = self.random.choice(names[:2] if self.pod_rules else names)
        scorers = [(Plugin.POLICY, self.random.choice((1, 3, -2)))]
        if name == "counting" and not self.extreme:
            scorers += [*UNIT, (Plugin.TAINT_TOLERATION, 3)]
        return EngineProfile(NODE_FILTERS, tuple(scorers)), compiled(name)

    def profile(self) -> EngineProfile:
        r = self.random
        pods = self.pod_rules and self.chance(0.8)
        filters = list(NODE_FILTERS)
        if pods:
            filters = [*DEFAULT_FILTERS, Plugin.GPU_SHARE]
        if self.chance(0.2):
            filters = self.some(filters, len(filters))
        scorers = r.choice(SCORERS + (POD_SCORERS * 5 if pods else ()))
        return EngineProfile(
            filters=tuple(filters),
            scorers=scorers,
            strategy=r.choice(list(Strategy)[: r.choice((1, 2, 3))]),
            fit_resources=r.choice(
                (((CPU, 1), (MEMORY, 1)),) * 3
                + (((MEMORY, 3), (CPU, 2)), ((CPU, 100), (3, 7)), ((EPHEMERAL_STORAGE, 1),), ())
            ),
            shape=r.choice(SHAPES),
            balanced_resources=r.choice(((CPU, MEMORY),) * 3 + ((MEMORY, CPU), (0, 1, 3), (3,))),
            packing_resources=tuple(sorted(self.some(range(RESOURCES), 3))),
            hard_pod_affinity_weight=r.choice((1, 0, 5, 100)),
            ignore_preferred_terms_of_existing_pods=self.chance(0.2),
        )

    # Nodes.

    def _capacity(self) -> int:
        if self.extreme:
            return self.random.choice((0, 1, 3, EDGE - 1, EDGE, EDGE + 1, 2**53 + 1, 2**62))
        return self.random.choice((0, 1, 7, 1000, 1000, 4000, 64_000, 10**9))

    def _amounts(self) -> tuple[int, ...]:
        r = self.random
        if self.easy:
            return r.choice(
                ((2000, 4096 * MIB), (4000, 16384 * MIB, 1000), (3000, 8192 * MIB, 50, 4))
            )
        cpu = self._capacity() if self.chance(0.3) else r.choice((1000, 4000, 16_000, 96_000))
        memory = self._capacity() if self.chance(0.3) else r.choice((1, 4, 16, 384)) * 1024 * MIB
        others = [r.choice((0, 0, 1, 8, 10**10)) for _ in range(RESOURCES - 2)]
        return (cpu, memory, *others[: r.randint(0, RESOURCES - 2)])

    def node(self) -> NodeRow:
        r = self.random
        amounts = r.choice(self.shapes) if self.uniform else self._amounts()
        self.named += 1
        labels = [Label(KEY_NODE_NAME, self.named)] if self.chance(0.97) else []
        for key in KEYS:
            if self.chance(0.75):
                value = self.named if key == KEY_HOSTNAME else r.randrange(VALUES)
                labels.append(Label(key, value, r.choice((-1, 0, value, 2**40))))
        return NodeRow(
            allocatable=amounts,
            pod_slots=r.choice((4, 12, 110, 110) if self.easy else (0, 1, 2, 5, 110, 110, 110)),
            rank=r.choice((self.named, self.named, r.randrange(4), 2**32 - self.named)),
            unschedulable=self.chance(0.02 if self.easy else 0.08),
            labels=tuple(labels),
            taints=tuple(self.taint() for _ in range(self.few())),
            device_count=r.choice((0, 0, 1, 2, 8, 16)),
            images=self.images() if self.pod_rules else (),
            csi_limits=self.csi_limits() if self.pod_rules else (),
            csi_attached=self.volumes(2) if self.pod_rules else (),
        )

    def taint(self) -> Taint:
        r = self.random
        return Taint(r.randrange(2), r.randrange(VALUES), r.choice(list(Effect)))

    def images(self) -> tuple[tuple[int, int], ...]:
        names = sorted(self.some(range(40, 44), 4))
        sizes = (0, 22 * MIB, 23 * MIB, 700 * MIB, 5000 * MIB, 2**60)
        return tuple((name, self.random.choice(sizes)) for name in names)

    def csi_limits(self) -> tuple[tuple[int, int], ...]:
        return tuple((d, self.random.choice((0, 1, 2, 5))) for d in sorted(self.some(DRIVERS, 2)))

    def volumes(self, most: int) -> tuple[tuple[int, int], ...]:
        return tuple(sorted(self.some([(d, v) for d in DRIVERS for v in range(50, 54)], most)))

    # Rules on labels.

    def requirement(self, keys) -> Requirement:
        r = self.random
        operator = r.choice(list(Operator))
        values = tuple(sorted(self.some(range(VALUES + 1), 3)))
        return Requirement(operator, r.choice(keys), r.choice((0, 1, 2, 2**40)), values)

    def term(self, keys, most: int = 2) -> Term:
        return tuple(self.requirement(keys) for _ in range(self.random.randint(0, most)))

    def selector(self) -> Selector:
        terms = [self.term(KEYS) for _ in range(self.random.choice((1, 1, 2, 3)))]
        return Selector(self.random.randint(0, 1), tuple(terms))

    def easy_term(self) -> Term:
        key = self.random.choice(KEYS)
        return (Requirement(Operator.IN, key, 0, tuple(sorted(self.some(range(VALUES), 2)))),)

    # Pod classes.

    def _request(self) -> tuple[tuple[int, int], ...]:
        r = self.random
        if self.easy:
            return (
                (CPU, r.choice((0, 100, 250, 500, 1000))),
                (MEMORY, r.choice((0, 64, 512)) * MIB),
            )
        cpu = r.choice((0, 1, 100, 250, 500, 1000, 3999, 4000))
        memory = r.choice((0, 1, 128, 512, 1024, 4096)) * MIB
        if self.extreme and self.chance(0.4):
            cpu, memory = (r.choice((1, EDGE - 1, EDGE, EDGE + 1, 2**61)) for _ in range(2))
        pairs = [(CPU, cpu), (MEMORY, memory)]
        pairs += [
            (x, r.choice((0, 1, 2, 10**9))) for x in sorted(self.some(range(2, RESOURCES), 2))
        ]
        return tuple(pair for pair in pairs if self.chance(0.9))

    def pod_class(self, profiles: int, matchers: int) -> PodClass:
        r = self.random
        request = self._request()
        amounts = dict(request)
        cpu, memory = amounts.get(CPU, 0), amounts.get(MEMORY, 0)
        nonzero = (cpu or r.choice((0, 100)), memory or r.choice((0, 200 * MIB)))
        filter_request = None
        if self.chance(0.15) and max(cpu, memory) <= EDGE + 1:
            filter_request = tuple(pair for pair in request if self.chance(0.5))
        named = range(1, self.named + 2)
        rules = self.pod_part(matchers) if self.pod_rules and matchers and self.chance(0.8) else {}
        return PodClass(
            profile=r.randrange(profiles),
            request=request,
            filter_request=filter_request,
            score_request=tuple(dict([*request, (CPU, nonzero[0]), (MEMORY, nonzero[1])]).items()),
            nonzero=nonzero,
            tolerations=tuple(self.toleration() for _ in range(r.choice((0, 0, 1, 2)))),
            node_name=r.choice(named) if self.chance(0.04) and not self.easy else -1,
            node_set=tuple(sorted(self.some(named, 9))) if self.chance(0.05) else None,
            selectors=tuple(self.selector() for _ in range(self.few())),
            preferred=tuple(
                Preferred(r.choice((1, 50, 100)), self.term(KEYS))
                for _ in range(r.choice((0, 0, 1, 3)))
            ),
            devices=(r.randint(0, 4), r.choice((1, 250, 500, 1000)))
            if self.chance(0.04 if self.easy else 0.15)
            else None,
            **rules,
        )

    def toleration(self) -> Toleration:
        r = self.random
        key = r.choice((-1, 0, 1, KEY_UNSCHEDULABLE))
        return Toleration(key, self.chance(0.5), r.randrange(VALUES), r.choice((-1, 0, 1, 2)))

    def matcher(self) -> Matcher:
        r = self.random
        requirement = Requirement(Operator.IN, r.choice(POD_KEYS), 0, (0, 1))
        term = r.choice(((), (requirement,), (requirement,), self.term(POD_KEYS)))
        return Matcher(term, r.choice((None, (0,), (0, 1), ())), self.chance(0.4))

    def pod_part(self, matchers: int) -> dict:
        """What other pods and volumes have to do with: keyword arguments of PodClass."""
        r = self.random
        claims = tuple(
            (n * 4 + x, x) for n, x in self.some([(a, b) for a in (0, 1) for b in (1, 2)], 2)
        )
        images = tuple(self.some(range(40, 46), 3))
        disks = [Disk(x, self.chance(0.6), self.chance(0.2)) for x in self.some((20, 21, 22), 2)]
        return {
            "namespace": r.randrange(2),
            "labels": tuple((k, r.randrange(VALUES)) for k in POD_KEYS if self.chance(0.7)),
            "priority": r.choice((0, 0, 10, -(2**31), 2 * 10**9)),
            "terminating": self.chance(0.1),
            "ports": tuple(
                Port(r.randint(1, 3), r.randint(0, 1), r.choice((80, 81)))
                for _ in self.some("abc", 2)
            )
            if self.chance(0.3)
            else (),
            "images": images,
            "container_count": len(images) + r.randint(0 if images else 1, 2),
            "spread": tuple(self.spread(matchers) for _ in range(r.choice((0, 1, 2, 3)))),
            "spread_needs_all_keys": self.chance(0.7),
            "affinity": self.pod_terms(matchers, 0.2),
            "affinity_self_match": self.chance(0.5),
            "anti_affinity": self.pod_terms(matchers, 0.25),
            "preferred_pods": self.pod_terms(matchers, 0.35, weighted=True),
            "disks": tuple(disks) if self.chance(0.2) else (),
            "claims": claims if self.chance(0.4) else (),
            "once_claims": tuple(c for c in claims if self.chance(0.5)) if self.chance(0.4) else (),
            "csi_volumes": self.volumes(3) if self.chance(0.4) else (),
            "has_external": self.chance(0.15),
        }

    def spread(self, matchers: int) -> SpreadConstraint:
        r = self.random
        key = r.choice((KEY_ZONE, KEY_ZONE, KEY_HOSTNAME, KEY_DISK))
        return SpreadConstraint(
            hard=self.chance(0.3),
            key=key,
            is_hostname=key == KEY_HOSTNAME,
            max_skew=r.choice((1, 1, 2, 5)),
            min_domains=r.choice((1, 1, 2, 4)),
            matcher=r.randrange(matchers),
            self_match=self.chance(0.7),
            honor_affinity=self.chance(0.7),
            honor_taints=self.chance(0.3),
        )

    def pod_terms(self, matchers: int, probability: float, weighted: bool = False) -> tuple:
        if not self.chance(probability):
            return ()
        r = self.random
        return tuple(
            PodTerm(
                r.randrange(matchers),
                r.randrange(matchers),
                r.choice((KEY_ZONE, KEY_ZONE, KEY_HOSTNAME, KEY_DISK)),
                r.choice((1, 5, 100, -1, -50, -100)) if weighted else 1,
            )
            for _ in range(r.randint(1, 2))
        )
