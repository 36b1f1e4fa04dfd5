#!/usr/bin/env bash
# A configuration that validates makes kube-scheduler fail every pod.
#
# Version: k8s.io/kubernetes v1.37.2 (Go module proxy). Needs Go 1.26.
#
# A KubeSchedulerConfiguration that disables TaintToleration at preScore, and leaves it at score,
# passes kube-scheduler's own validation. Then no pod that fits on two nodes or more is placed:
# its Score fails for want of the state that PreScore would have left.
set -euo pipefail
version=1.37.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >expected <<'EXPECTED'
validation: <nil>
PreFilter: Success
nodes that fit: 2
PreScore: Success
Score: Error running Score plugins: plugin "TaintToleration" failed with: failed to read "PreScoreTaintToleration" from cycleState: not found
EXPECTED

cat >main.go <<'PROGRAM'
package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

const configuration = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- plugins:
    multiPoint:
      disabled: [{name: "*"}]
      enabled: [{name: PrioritySort}, {name: TaintToleration}, {name: DefaultBinder}]
    preScore:
      disabled: [{name: TaintToleration}]
`

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	metrics.Register()
	decoded := must(decode())
	fmt.Println("validation:", validation.ValidateKubeSchedulerConfiguration(decoded))

	node := func(name string) *v1.Node { return &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}} }
	snapshot := cache.NewSnapshot(nil, []*v1.Node{node("a"), node("b")})
	client := fake.NewClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	f := must(runtime.NewFramework(ctx, plugins.NewInTreeRegistry(), &decoded.Profiles[0],
		runtime.WithSnapshotSharedLister(snapshot), runtime.WithInformerFactory(factory), runtime.WithClientSet(client)))
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default"}}
	nodes := must(snapshot.NodeInfos().List())
	state := framework.NewCycleState()
	_, status, _ := f.RunPreFilterPlugins(ctx, state, pod)
	fmt.Println("PreFilter:", status.Code())
	fit := 0
	for _, n := range nodes {
		if f.RunFilterPlugins(ctx, state, pod, n).IsSuccess() {
			fit++
		}
	}
	fmt.Println("nodes that fit:", fit)
	fmt.Println("PreScore:", f.RunPreScorePlugins(ctx, state, pod, nodes).Code())
	_, status = f.RunScorePlugins(ctx, state, pod, nodes)
	fmt.Println("Score:", status.Code(), status.Message())
}

func decode() (*config.KubeSchedulerConfiguration, error) {
	object, _, err := scheme.Codecs.UniversalDecoder().Decode([]byte(configuration), nil, nil)
	if err != nil {
		return nil, err
	}
	return object.(*config.KubeSchedulerConfiguration), nil
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
