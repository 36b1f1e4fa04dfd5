"""NodePorts, VolumeRestrictions and NodeVolumeLimits."""

from dataclasses import dataclass

from _pykube_hotcore.program import VALUE_ANY_IP, Disk, PodClass, Port
from _pykube_hotcore.slow.state import Cluster, View


def ports_conflict(a: Port, b: Port) -> bool:
    """Say whether two host ports clash: 0.0.0.0 is every address."""
    same_ip = a.ip == b.ip or VALUE_ANY_IP in (a.ip, b.ip)
    return same_ip and a.protocol == b.protocol and a.port == b.port


@dataclass(slots=True)
class OnceClaims:
    """How many uses of the pod's ReadWriteOncePod claims stand in its way.

    Attributes
    ----------
    skip : bool
        PreFilter said Skip: neither the filter nor later pods matter.
    """

    skip: bool
    conflicts: int

    def clone(self) -> "OnceClaims":
        """Return a copy that can be changed."""
        return OnceClaims(self.skip, self.conflicts)

    def update(self, spec: PodClass, other: PodClass, sign: int) -> None:
        """Count a pod that comes or goes.

        As upstream does (volume_restrictions.go, conflictingPVCRefCountForPod), by the names of
        claims alone, whatever their namespaces.
        """
        if not self.skip:
            names = {name for _, name in spec.once_claims}
            self.conflicts += sign * sum(name in names for _, name in other.claims)


def once_claims(cluster: Cluster, spec: PodClass) -> OnceClaims:
    """Count the pod's ReadWriteOncePod claims that some pod uses (calPreFilterState)."""
    used = {claim for pod in cluster.pods if pod is not None for claim, _ in pod.spec.claims}
    conflicts = len({claim for claim, _ in spec.once_claims} & used)
    return OnceClaims(not spec.disks and conflicts == 0, conflicts)


def restriction(spec: PodClass, once: OnceClaims, view: View) -> int | None:
    """Return VolumeRestrictions' refusal: 0 a disk, 1 a ReadWriteOncePod claim; or None."""
    if once.skip:
        return None
    taken = [disk for pod in view.pods for disk in pod.spec.disks]
    if any(_disks_conflict(a, b) for a in spec.disks for b in taken):
        return 0
    return 1 if once.conflicts > 0 else None


def _disks_conflict(a: Disk, b: Disk) -> bool:
    shared = a.read_only and b.read_only and not a.exclusive and not b.exclusive
    return a.token == b.token and not shared


def over_limit(spec: PodClass, view: View) -> bool:
    """Say whether the node would have more volumes of a driver than it takes (csi.go)."""
    of_pods = {volume for pod in view.pods for volume in pod.spec.csi_volumes}
    attached = of_pods | set(view.node.csi_attached)
    added = set(spec.csi_volumes) - of_pods
    for driver, limit in view.node.csi_limits:
        new = sum(d == driver for d, _ in added)
        if new > 0 and sum(d == driver for d, _ in attached) + new > limit:
            return True
    return False
