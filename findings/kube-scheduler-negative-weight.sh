#!/usr/bin/env bash
# A score plugin of weight -1 makes kube-scheduler fear an overflow, or not, by its place.
#
# Version: k8s.io/kubernetes v1.37.2 (Go module proxy). Needs Go 1.26.
#
# A KubeSchedulerConfiguration that gives ImageLocality the weight -1 passes kube-scheduler's own
# validation. Under plugins.score that plugin comes first, and scheduler.New refuses the profile:
# its check takes the total so far from the highest int64, and as that total is below zero, the
# difference wraps round (getValidScoreWeights). Under plugins.multiPoint the plugin keeps its
# place behind others, and the same weight is accepted.
set -euo pipefail
version=1.37.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >expected <<'EXPECTED'
score: validation: <nil>
score: scheduler.New: initializing profiles: creating profile for scheduler name default-scheduler: score plugins: total score of Score plugins could overflow
multiPoint: validation: <nil>
multiPoint: scheduler.New: <nil>
EXPECTED

cat >main.go <<'PROGRAM'
package main

import (
	"context"
	"fmt"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

const configuration = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
  plugins:
    %s:
      enabled: [{name: ImageLocality, weight: -1}]
`

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewClientset()
	recorders := profile.NewRecorderFactory(events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()}))
	for _, point := range []string{"score", "multiPoint"} {
		text := []byte(fmt.Sprintf(configuration, point))
		object, _, err := scheme.Codecs.UniversalDecoder().Decode(text, nil, nil)
		if err != nil {
			panic(err)
		}
		decoded := object.(*config.KubeSchedulerConfiguration)
		fmt.Printf("%s: validation: %v\n", point, validation.ValidateKubeSchedulerConfiguration(decoded))
		_, err = scheduler.New(ctx, client, informers.NewSharedInformerFactory(client, 0), nil, recorders,
			scheduler.WithProfiles(decoded.Profiles...))
		fmt.Printf("%s: scheduler.New: %v\n", point, err)
	}
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
