"""The tables of the walkthrough, column by column: see `pykube_core.experiments.walkthrough`."""

import json
import re

import pytest

from pykube_core.cli.walkthrough import live

# A random part of a name is `*`; of an age, a minute more or less is the same.
SYSTEM = """\
NAMESPACE     NAME                          READY   STATUS             RESTARTS   AGE     IP            NODE    NOMINATED NODE   READINESS GATES
kube-system   coredns-*-*                   1/1     Running            0          4h40m   10.244.0.2    ken     <none>           <none>
kube-system   coredns-*-*                   1/1     Running            0          4h40m   10.244.0.3    ken     <none>           <none>
kube-system   etcd-ken                      1/1     Running            0          4h39m   172.20.10.2   ken     <none>           <none>
kube-system   kube-apiserver-ken            1/1     Running            0          4h39m   172.20.10.2   ken     <none>           <none>
kube-system   kube-controller-manager-ken   0/1     CrashLoopBackOff   23         4h39m   172.20.10.2   ken     <none>           <none>
kube-system   kube-flannel-ds-amd64-*       1/1     Running            0          4h4m    172.20.10.9   host2   <none>           <none>
kube-system   kube-flannel-ds-amd64-*       1/1     Running            0          4h24m   172.20.10.2   ken     <none>           <none>
kube-system   kube-flannel-ds-amd64-*       1/1     Running            0          4h5m    172.20.10.7   host1   <none>           <none>
kube-system   kube-proxy-*                  1/1     Running            0          4h5m    172.20.10.7   host1   <none>           <none>
kube-system   kube-proxy-*                  1/1     Running            0          4h40m   172.20.10.2   ken     <none>           <none>
kube-system   kube-proxy-*                  1/1     Running            0          4h4m    172.20.10.9   host2   <none>           <none>
kube-system   kube-scheduler-ken            0/1     CrashLoopBackOff   21         4h39m   172.20.10.2   ken     <none>           <none>
"""  # noqa: E501
DEPLOYMENT = """\
NAME        READY   UP-TO-DATE   AVAILABLE   AGE
httpd-ken   2/2     2            2           20m
"""
PODS = """\
NAME                         READY   STATUS    RESTARTS   AGE     IP           NODE    NOMINATED NODE   READINESS GATES
httpd-ken-*-*                1/1     Running   0          3m50s   10.244.1.3   host1   <none>           <none>
httpd-ken-*-*                1/1     Running   0          3m50s   10.244.2.3   host2   <none>           <none>
"""  # noqa: E501


@pytest.fixture(scope="module")
def story():
    return live()


def rows(lines):
    """Return a table's rows, by column, without what the walkthrough left to chance."""
    header, *body = [re.split(" {2,}", line) for line in lines]
    found = [dict(zip(header, fields(line), strict=True)) for line in body]
    return sorted(found, key=lambda row: (row["NAME"], row["NODE"], row["IP"]))


def fields(line):
    name = re.compile(r"^(coredns|httpd-ken)-[0-9a-z]+-[0-9a-z]{5}$|^(kube-.*)-[0-9a-z]{5}$")
    out = [name.sub(lambda m: f"{m[1]}-*-*" if m[1] else f"{m[2]}-*", field) for field in line]
    # Today's kubectl says how long ago the last restart was.
    return [re.sub(r"^(\d+) \(.* ago\)$", r"\1", field) for field in out]


def minutes(age):
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", age)
    hours, mins, _ = (int(part or 0) for part in found.groups())
    return 60 * hours + mins


def test_kube_system_is_the_walkthroughs(story):
    found, expected = rows(story.before), rows(SYSTEM.splitlines())
    ages = [(row.pop("AGE"), other.pop("AGE")) for row, other in zip(found, expected, strict=True)]
    assert found == expected
    assert all(abs(minutes(a) - minutes(b)) <= 1 for a, b in ages)


def test_httpd_is_the_walkthroughs(story):
    gap = story.after.index("")
    assert story.after[:gap] == DEPLOYMENT.splitlines()
    assert rows(story.after[gap + 1 :]) == rows(PODS.splitlines())


def test_each_stage_has_its_requests(story):
    told = [
        [(r.client, r.verb, r.change.object.resource.kind) for r in s.requests]
        for s in story.stages
    ]
    assert told[0] == [("kubectl", "POST", "Deployment")]
    assert ("deployment-controller", "POST", "ReplicaSet") in told[1]
    assert told[1].count(("replicaset-controller", "POST", "Pod")) == 2
    bindings = [r for r in story.stages[2].requests if r.path.endswith("/binding")]
    assert len(bindings) == 2
    hosts = {r.node for r in story.stages[3].requests if r.path.endswith("/status")}
    assert hosts == {"host1", "host2"}


def test_one_seed_tells_one_story(story):
    assert live().stages == story.stages


def test_command_tells_it_as_text_and_as_json(pykube):
    told = pykube("demo", "walkthrough").stdout
    assert "httpd-ken   2/2" in told
    document = json.loads(pykube("demo", "walkthrough", "--output", "json").stdout)
    assert [len(stage["requests"]) > 0 for stage in document["stages"]] == [True] * 5
