import pytest

from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.placer.compile import compile_key
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.plugins import PLUGINS, ClassBuilder, CompileContext, SchedulerPlugin
from pykube_core.scheduler.policies import Policy, policy

POD = {
    "metadata": {"name": "p", "namespace": "default", "labels": {"app": "a"}},
    "spec": {
        "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}],
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"labelSelector": {"matchLabels": {"app": "a"}}, "topologyKey": "host"}
                ]
            }
        },
    },
}
CLAIMING = {
    "metadata": {"name": "q", "namespace": "default"},
    "spec": {
        "containers": [{"name": "c"}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}],
    },
}
OBJECTS = {
    "storageClasses": [
        {
            "metadata": {"name": "local"},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    ],
    "persistentVolumes": [
        {
            "metadata": {"name": "volume"},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "local",
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {"key": "host", "operator": "In", "values": ["b"]}
                                ]
                            }
                        ]
                    }
                },
            },
            "status": {"phase": "Available"},
        }
    ],
    "persistentVolumeClaims": [
        {
            "metadata": {"name": "claim", "namespace": "default", "uid": "1"},
            "spec": {
                "storageClassName": "local",
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            },
            "status": {"phase": "Pending"},
        }
    ],
}


def node(name, cpu="4"):
    allocatable = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    return {
        "metadata": {"name": name, "labels": {"host": name}},
        "status": {"allocatable": allocatable},
    }


NODES = [node("b"), node("a"), node("c", "8")]


def make(name="default", **arguments):
    return Scheduler(NODES, policy(name), objects=OBJECTS, **arguments)


def test_a_fork_of_a_closed_scheduler_places_as_a_new_one_and_shares_no_pods():
    with make() as source:
        classes = source.compile([POD, CLAIMING])
        source.place(classes)
    wanted = [*classes, classes[0], classes[0]]
    with make(tie_break="random", seed=7) as new:
        new.compile([POD, CLAIMING])
        placed = new.place(wanted)[0].tolist()
    for _ in range(2):
        with source.fork(tie_break="random", seed=7) as fork:
            assert fork.compile([POD, CLAIMING]).tolist() == classes.tolist()
            assert fork.place(wanted)[0].tolist() == placed
            fork.validate()


def test_a_fork_reserves_volumes_of_its_own():
    with make() as source:
        classes = source.compile([CLAIMING])
        assert source.place(classes)[0].tolist() == [0]
        with source.fork() as fork:
            assert fork.place(classes)[0].tolist() == [0]


def test_a_fork_under_another_policy_is_a_scheduler_of_that_policy():
    with make() as source:
        classes = source.compile([POD])
        for name in ("most-allocated", "best-fit", "random"):
            with make(name, seed=3) as new, source.fork([policy(name)], seed=3) as fork:
                new.compile([POD])
                assert (
                    fork.place([*classes] * 3)[0].tolist() == new.place([*classes] * 3)[0].tolist()
                )


def test_a_fork_breaks_ties_by_name_where_it_is_told_to():
    with make() as source, source.fork(tie_break="lexical") as fork:
        pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}], "nodeName": ""}}
        first = fork.place(fork.compile([pod]))[0].tolist()
        assert source.place(source.compile([pod]))[0].tolist() == [0]
        assert first == [1]
        with fork.fork(tie_break="lexical") as again:
            assert again.place(again.compile([pod]))[0].tolist() == [1]


def test_a_fork_of_another_number_of_profiles_keeps_no_classes(tmp_path):
    path = tmp_path / "config.yaml"
    profiles = "profiles: [{schedulerName: default-scheduler}, {schedulerName: batch}]"
    head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
    path.write_text(head + profiles)
    both = policy(str(path))
    with make() as source, pytest.raises(ValueError, match="as many policies"):
        source.fork([both])
    with make() as source, source.fork([both], keep_classes=False) as fork:
        assert len(set(fork.compile([POD, POD | {"spec": {"schedulerName": "batch"}}]))) == 2
        fork.validate()


def test_a_fork_goes_on_by_itself():
    with make() as source, source.fork() as fork:
        fork.add_nodes([node("d", "64")])
        fork.compile([POD])
        assert len(source.node_names) == 3
        assert source.compile([CLAIMING]).tolist() == [0]


def test_a_scheduler_that_lost_nodes_is_not_forked():
    with make() as source:
        source.remove_node("a")
        with pytest.raises(ValueError, match="lost nodes"):
            source.fork()


def test_policies_that_prefer_alike_pods_otherwise_compile_them_alike():
    names = ("default", "most-allocated", "best-fit", "dot-product", "first-fit", "random")
    keys = [compile_key(policy(name).profile) for name in names]
    assert all(key == keys[0] for key in keys)


@pytest.mark.parametrize(
    "arguments",
    [
        ("NodeResourcesFit", {"ignoredResources": ["example.com/x"]}),
        ("NodeResourcesFit", {"ignoredResourceGroups": ["example.com"]}),
        ("PodTopologySpread", {"defaultingType": "List", "defaultConstraints": []}),
        (
            "NodeAffinity",
            {
                "addedAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "weight": 1,
                            "preference": {
                                "matchExpressions": [{"key": "host", "operator": "Exists"}]
                            },
                        }
                    ]
                }
            },
        ),
    ],
)
def test_what_compiling_reads_of_a_profile_is_in_its_key(arguments):
    name, args = arguments
    profile = profile_from_dict({"pluginConfig": [{"name": name, "args": args}]})
    assert compile_key(profile) != compile_key(profile_from_dict(None))


class _Untouched:
    """Stands for what a plugin may not read."""

    def __getattr__(self, name):
        raise AssertionError(f"compile reads {name} of the profile, and `reads` does not say so")


@pytest.mark.parametrize("name", list(PLUGINS))
def test_a_plugin_that_reads_the_profile_says_so(name):
    plugin = PLUGINS[name]
    if type(plugin).reads is not SchedulerPlugin.reads:
        return
    with make() as scheduler:
        context = scheduler.context
        blind = CompileContext(
            context.interner,
            _Untouched(),
            _Untouched(),
            context.matchers,
            context.listers,
            context.volume_cache,
        )
        for pod in (POD, CLAIMING):
            plugin.compile(pod, ClassBuilder(), blind)


def test_policies_of_one_key_make_the_same_class_of_a_pod():
    plain = policy("default")
    with Scheduler(NODES, plain, objects=OBJECTS) as one:
        found = [one.class_at(int(c)) for c in one.compile([POD, CLAIMING])]
    for name in ("best-fit", "first-fit"):
        other: Policy = policy(name)
        with Scheduler(NODES, other, objects=OBJECTS) as two:
            assert [two.class_at(int(c)) for c in two.compile([POD, CLAIMING])] == found
