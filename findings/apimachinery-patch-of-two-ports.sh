#!/usr/bin/env bash
# A patch that should add a port leaves the container with the ports that it had.
#
# Version: k8s.io/apimachinery v0.37.2, k8s.io/api v0.37.2 (Go module proxy). Needs Go 1.26.
#
# A container has port 53 for UDP, and 53 for TCP is added after it. The two share their merge key,
# containerPort. The sort before the comparison calls equal keys "less" (SortableSliceOfMaps), and
# so turns their order round: the port of UDP is paired with the new one of TCP, and the patch
# turns UDP into TCP and adds UDP. Applied to the object that it was made for, by the same library,
# without an error, it yields UDP alone.
set -euo pipefail
version=0.37.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >expected <<'EXPECTED'
wanted: [{"containerPort":53,"protocol":"UDP"},{"containerPort":53,"protocol":"TCP"}]
patch:  [{"containerPort":53,"protocol":"TCP"},{"containerPort":53,"protocol":"UDP"}]
result: [{"containerPort":53,"protocol":"UDP"}]
EXPECTED

cat >main.go <<'PROGRAM'
package main

import (
	"encoding/json"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func pod(ports string) []byte {
	return []byte(`{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","ports":` + ports + `}]}}`)
}

// ports are those of a pod's first container, or of a patch of it.
func ports(text []byte) string {
	var p struct {
		Spec struct {
			Containers []struct{ Ports json.RawMessage }
		}
	}
	if err := json.Unmarshal(text, &p); err != nil {
		panic(err)
	}
	return string(p.Spec.Containers[0].Ports)
}

func main() {
	schema := must(strategicpatch.NewPatchMetaFromStruct(&v1.Pod{}))
	before := pod(`[{"containerPort":53,"protocol":"UDP"}]`)
	wanted := pod(`[{"containerPort":53,"protocol":"UDP"},{"containerPort":53,"protocol":"TCP"}]`)
	patch := must(strategicpatch.CreateThreeWayMergePatch(before, wanted, before, schema, true))
	result := must(strategicpatch.StrategicMergePatchUsingLookupPatchMeta(before, patch, schema))
	fmt.Println("wanted:", ports(wanted))
	fmt.Println("patch: ", ports(patch))
	fmt.Println("result:", ports(result))
}
PROGRAM

go mod init finding 2>/dev/null
go mod edit -require "k8s.io/apimachinery@v$version" -require "k8s.io/api@v$version"
go run -mod=mod . >output
cat output
diff expected output && echo "apimachinery v$version still does this"
