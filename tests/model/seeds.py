"""A legal object of each kind that the API server keeps, without its name."""

TEMPLATE = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]},
}
SELECTOR = {"matchLabels": {"a": "b"}}
_JOB = {"template": TEMPLATE | {"spec": TEMPLATE["spec"] | {"restartPolicy": "Never"}}}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_ROLE = {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}
_REFERENCE = {"kind": "ClusterRole", "name": "view"}
_SUBJECTS = [{"kind": "User", "name": "jane"}]
_WEBHOOK = {
    "name": "a.b.c",
    "clientConfig": {"service": {"name": "s", "namespace": "n"}},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}],
}
_POLICY = {
    "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
    "matchConstraints": {"resourceRules": [{"apiGroups": ["*"], "resources": ["*"]}]},
}
_DEVICES = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "d"}}]}}
_METRIC = {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"averageValue": "1"}}}
_METRIC["pods"]["target"]["type"] = "AverageValue"

SEEDS = {
    "APIService": {"spec": {"version": "v1", "group": "x.y", "groupPriorityMinimum": 1}},
    "CSIDriver": {"spec": {"tokenRequests": [{"audience": "a"}]}},
    "CSINode": {"spec": {"drivers": [{"name": "d", "nodeID": "n", "allocatable": {"count": 1}}]}},
    "CSIStorageCapacity": {"storageClassName": "s", "capacity": "1Gi"},
    "CertificateSigningRequest": {"spec": {"request": "YQ==", "signerName": "a.b/c"}},
    "ClusterRole": _ROLE | {"aggregationRule": {"clusterRoleSelectors": [SELECTOR]}},
    "ClusterRoleBinding": {"roleRef": _REFERENCE, "subjects": _SUBJECTS},
    "ClusterTrustBundle": {"spec": {"trustBundle": "-"}},
    "ConfigMap": {"data": {"a": "b"}, "binaryData": {}, "immutable": False},
    "ControllerRevision": {"data": {"spec": {}}, "revision": 1},
    "CronJob": {"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": _JOB}}},
    "CustomResourceDefinition": {
        "spec": {
            "group": "b.c",
            "scope": "Namespaced",
            "names": {"plural": "x", "kind": "X", "shortNames": ["y"]},
            "versions": [{"name": "v1", "served": True, "storage": True}],
        }
    },
    "DaemonSet": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "Deployment": {
        "spec": {
            "selector": SELECTOR,
            "template": TEMPLATE,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
        }
    },
    "DeviceClass": {"spec": {"selectors": [{"cel": {"expression": "true"}}]}},
    "DeviceTaintRule": {"spec": {"taint": {"key": "k", "effect": "NoSchedule"}}},
    "EndpointSlice": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"]}],
        "ports": [{"port": 80}],
    },
    "Endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
    "Event": {"involvedObject": {"kind": "Pod", "namespace": "default"}, "count": 1},
    "FlowSchema": {"spec": {"priorityLevelConfiguration": {"name": "exempt"}}},
    "HorizontalPodAutoscaler": {
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "maxReplicas": 3,
            "metrics": [_METRIC],
            "behavior": {"scaleUp": {"selectPolicy": "Min"}},
        }
    },
    "IPAddress": {"spec": {"parentRef": {"resource": "services", "name": "s"}}},
    "Ingress": {
        "spec": {
            "rules": [
                {
                    "host": "a.b",
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "s", "port": {"number": 80}}},
                            }
                        ]
                    },
                }
            ],
            "tls": [{"hosts": ["a.b"], "secretName": "s"}],
        }
    },
    "IngressClass": {
        "spec": {"controller": "a.b/c", "parameters": {"kind": "K", "name": "p"}},
    },
    "Job": {"spec": _JOB | {"backoffLimit": 1}},
    "Lease": {"spec": {"holderIdentity": "x", "renewTime": "2026-11-23T04:16:02.000000Z"}},
    "LimitRange": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
    "MutatingAdmissionPolicy": {"spec": _POLICY},
    "MutatingAdmissionPolicyBinding": {"spec": {"policyName": "p", "paramRef": {"name": "c"}}},
    "MutatingWebhookConfiguration": {"webhooks": [_WEBHOOK]},
    "Namespace": {"spec": {}},
    "NetworkPolicy": {
        "spec": {
            "podSelector": SELECTOR,
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}],
        }
    },
    "Node": {
        "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
        "status": {"capacity": {}},
    },
    "PersistentVolume": {
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/x"},
            "claimRef": {"namespace": "a", "name": "b"},
        }
    },
    "PersistentVolumeClaim": {"spec": _CLAIM},
    "Pod": {"spec": TEMPLATE["spec"] | {"tolerations": [{"key": "k"}], "nodeSelector": {"a": "b"}}},
    "PodCertificateRequest": {"spec": {"signerName": "a.b/c", "podName": "p"}},
    "PodDisruptionBudget": {"spec": {"minAvailable": "50%", "selector": SELECTOR}},
    "PodTemplate": {"template": TEMPLATE},
    "PriorityClass": {"value": 7, "globalDefault": False},
    "PriorityLevelConfiguration": {
        "spec": {
            "type": "Limited",
            "limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 2}}},
        }
    },
    "ReplicaSet": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "ReplicationController": {"spec": {"selector": {"a": "b"}, "template": TEMPLATE}},
    "ResourceClaim": {"spec": _DEVICES},
    "ResourceClaimTemplate": {"spec": {"spec": _DEVICES}},
    "ResourceQuota": {"spec": {"hard": {"pods": "3", "limits.cpu": "2"}}},
    "ResourceSlice": {"spec": {"driver": "a.b", "pool": {"name": "p"}, "nodeName": "n"}},
    "Role": _ROLE,
    "RoleBinding": {"roleRef": _REFERENCE, "subjects": _SUBJECTS},
    "RuntimeClass": {"handler": "runc"},
    "Secret": {"type": "Opaque", "data": {"a": "YQ=="}, "stringData": {"b": "c"}},
    "Service": {"spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": "web"}]}},
    "ServiceAccount": {"automountServiceAccountToken": False},
    "ServiceCIDR": {"spec": {"cidrs": ["10.0.0.0/16"]}},
    "StatefulSet": {
        "spec": {
            "selector": SELECTOR,
            "template": TEMPLATE,
            "serviceName": "s",
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": _CLAIM}],
        }
    },
    "StorageClass": {"provisioner": "a.b/c", "parameters": {"x": "y"}},
    "StorageVersionMigration": {"spec": {"resource": {"group": "apps", "resource": "x"}}},
    "ValidatingAdmissionPolicy": {"spec": _POLICY},
    "ValidatingAdmissionPolicyBinding": {"spec": {"policyName": "p", "paramRef": {"name": "c"}}},
    "ValidatingWebhookConfiguration": {"webhooks": [_WEBHOOK]},
    "VolumeAttachment": {
        "spec": {"attacher": "a.b", "nodeName": "n", "source": {"persistentVolumeName": "v"}},
    },
    "VolumeAttributesClass": {"driverName": "a.b", "parameters": {"x": "y"}},
}
NAME_OF = {"APIService": "v1.x.y", "CustomResourceDefinition": "x.b.c"}
"""Names of kinds whose names say something; all others may be any."""
