#!/usr/bin/env bash
# A pod that is already being deleted makes room in a dry run of preemption, but not in fact.
#
# Version: k8s.io/kubernetes v1.37.2 (Go module proxy). Needs Go 1.26.
#
# PodTopologySpread does not count pods that are being deleted (countPodsMatchSelector). But its
# RemovePod, which DefaultPreemption calls for each victim of a dry run, takes 1 off the count for
# such a pod all the same. So on a node with one running and one terminating pod of zone "a", where
# maxSkew 1 refuses a third, preemption finds that the third fits once the terminating pod is gone.
# When it is gone, the pod is refused as before.
set -euo pipefail
version=1.37.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >expected <<'EXPECTED'
node a now: node(s) didn't match pod topology spread constraints
node a, victim removed in a dry run: fits
node a, victim gone for good: node(s) didn't match pod topology spread constraints
EXPECTED

cat >main.go <<'PROGRAM'
package main

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/parallelize"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/podtopologyspread"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// handle is what the plugin asks of the scheduler around it.
type handle struct {
	fwk.Handle
	snapshot  *cache.Snapshot
	informers informers.SharedInformerFactory
}

func (h handle) SnapshotSharedLister() fwk.SharedLister                  { return h.snapshot }
func (h handle) SharedInformerFactory() informers.SharedInformerFactory { return h.informers }
func (h handle) Parallelizer() fwk.Parallelizer                         { return parallelize.NewParallelizer(1) }

func node(name string) *v1.Node {
	return &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": name}}}
}

func pod(name, node string, terminating bool) *v1.Pod {
	p := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{"app": "web"}},
		Spec:       v1.PodSpec{NodeName: node},
	}
	if terminating {
		now := metav1.NewTime(time.Now())
		p.DeletionTimestamp = &now
	}
	return p
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	metrics.Register()
	ctx := context.Background()
	terminating := pod("terminating", "a", true)
	incoming := pod("incoming", "", false)
	incoming.Spec.TopologySpreadConstraints = []v1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: v1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
	}}
	filter := func(pods []*v1.Pod, preempted *v1.Pod) string {
		snapshot := cache.NewSnapshot(pods, []*v1.Node{node("a"), node("b")})
		h := handle{snapshot: snapshot, informers: informers.NewSharedInformerFactory(fake.NewClientset(), 0)}
		args := &config.PodTopologySpreadArgs{DefaultingType: config.ListDefaulting}
		plugin := must(podtopologyspread.New(ctx, args, h, feature.Features{})).(*podtopologyspread.PodTopologySpread)
		nodes := must(snapshot.NodeInfos().List())
		state := framework.NewCycleState()
		if _, status := plugin.PreFilter(ctx, state, incoming, nodes); !status.IsSuccess() {
			panic(status.Message())
		}
		a := must(snapshot.NodeInfos().Get("a"))
		if preempted != nil {
			// What DefaultPreemption does for each victim before it filters again.
			info := must(framework.NewPodInfo(preempted))
			if status := plugin.RemovePod(ctx, state, incoming, info, a); !status.IsSuccess() {
				panic(status.Message())
			}
		}
		if status := plugin.Filter(ctx, state, incoming, a); !status.IsSuccess() {
			return status.Message()
		}
		return "fits"
	}
	running := pod("running", "a", false)
	fmt.Println("node a now:", filter([]*v1.Pod{running, terminating}, nil))
	fmt.Println("node a, victim removed in a dry run:", filter([]*v1.Pod{running, terminating}, terminating))
	fmt.Println("node a, victim gone for good:", filter([]*v1.Pod{running}, nil))
}
PROGRAM

# The modules of Kubernetes' staging folder have versions of their own.
go mod init finding 2>/dev/null
go mod edit -require "k8s.io/kubernetes@v$version"
kubernetes=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
sed -n 's/^\t\(k8s.io\/[a-z-]*\) => .*/\1/p' "$kubernetes" | while read -r module; do
  go mod edit -replace "$module=$module@v0${version#1}"
done
go run -mod=mod . >output
cat output
diff expected output && echo "kube-scheduler v$version still does this"
