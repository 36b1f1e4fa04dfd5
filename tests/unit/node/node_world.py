from pykube_core.api.core import EVENTS, NODES, PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.node import Behavior, Kubelet, Machine, PodNetwork, Runtime, node_of
from pykube_core.store import Store
from tests.unit.failing_client import FailingClient

SECOND = 10**9
START = 1_795_407_362 * SECOND


class World:
    def __init__(self, path=None, *, agent=None, static_pods=None):
        self.store = Store(path, salt=1)
        self.clock = VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock, seed=7)
        self.server.bootstrap()
        self.agent = agent
        self.static_pods = static_pods
        self.behaviors = {}
        self.start()

    def start(self, fatal=-1, after=False):
        """Start a kubelet that knows nothing but what is in the store."""
        self.runtime = Runtime(self.behaviors, Behavior(pull_seconds=2, start_seconds=1))
        self.log = SharedInformer(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.failing = FailingClient(self.server, fatal, after)
        self.kubelet = Kubelet(
            self.failing,
            self.log,
            runtime=self.runtime,
            network=PodNetwork(agent=self.agent),
            static_pods=self.static_pods,
        )
        self.loop.add(self.kubelet)

    def restart(self, fatal=-1, after=False):
        self.log.close()
        self.start(fatal, after)

    def node(self, name="n1", cidr="10.244.1.0/24", address="172.20.10.7", **machine):
        obj = node_of(Machine(name=name, address=address, **machine), self.clock())
        if cidr:
            obj["spec"]["podCIDR"] = cidr
        return self.server.create(NODES, obj)

    def pod(self, name="web", node="n1", image="httpd", namespace="default", **spec):
        labels = spec.pop("labels", {})
        container = {"name": "c", "image": image} | spec.pop("container", {})
        spec = {"containers": [container]} | ({"nodeName": node} if node else {}) | spec
        obj = {"metadata": {"name": name, "labels": labels}, "spec": spec}
        return self.server.create(PODS, obj, namespace)

    def get(self, name="web", namespace="default"):
        return self.server.get(PODS, name, namespace).decode()

    def status(self, name="web", namespace="default"):
        return self.get(name, namespace)["status"]

    def container(self, name="web", namespace="default"):
        return self.status(name, namespace)["containerStatuses"][0]

    def is_there(self, name="web", namespace="default"):
        try:
            self.get(name, namespace)
        except StatusError:
            return False
        return True

    def run(self, seconds):
        """Let so many seconds pass."""
        self.loop.run(until_ns=self.clock() + round(seconds * SECOND))

    def events(self, name="web"):
        """Return type, reason, message and count of what was told about an object, in order."""
        found = [event.decode() for event in self.server.list(EVENTS).items]
        found = [event for event in found if event["involvedObject"]["name"] == name]
        found.sort(key=lambda event: event["metadata"]["name"])
        return [
            (event["type"], event["reason"], event["message"], event["count"]) for event in found
        ]

    def close(self):
        self.log.close()
        self.store.validate()
        self.store.close()
