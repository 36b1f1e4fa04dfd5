"""The kinds of Kubernetes itself, to tell one that is not served from one that is unknown.

Source: discovery of kube-apiserver v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.registry import Registry

_KINDS: Final = {
    "": "Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node "
    "PersistentVolume PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota "
    "Secret Service ServiceAccount",
    "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "authentication.k8s.io": "SelfSubjectReview TokenReview",
    "authorization.k8s.io": "LocalSubjectAccessReview SelfSubjectAccessReview "
    "SelfSubjectRulesReview SubjectAccessReview",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle PodCertificateRequest",
    "coordination.k8s.io": "Lease LeaseCandidate",
    "discovery.k8s.io": "EndpointSlice",
    "events.k8s.io": "Event",
    "extensions": "DaemonSet Deployment Ingress NetworkPolicy PodSecurityPolicy ReplicaSet",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io": "IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy": "PodDisruptionBudget PodSecurityPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate "
    "ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment "
    "VolumeAttributesClass",
    "storagemigration.k8s.io": "StorageVersionMigration",
}


def why_not_served(registry: Registry, kind: str, version: str) -> str:
    """Return why a kind that a registry lacks is not served; "" when Kubernetes lacks it, too.

    Parameters
    ----------
    version : str
        Group and version, such as "apps/v1".
    """
    served = [resource.api_version for resource in registry if resource.kind == kind]
    if served:
        return f"pykube serves {kind} as {' and '.join(served)}"
    if kind in _KINDS.get(version.rpartition("/")[0], "").split():
        return f"pykube does not serve Kubernetes' {kind}, which its simulation does without"
    return ""
