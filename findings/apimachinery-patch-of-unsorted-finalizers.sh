#!/usr/bin/env bash
# A three-way patch is not empty though nothing changed, if finalizers are not in sorted order.
#
# Version: k8s.io/apimachinery v0.37.2, k8s.io/api v0.37.2 (Go module proxy). Needs Go 1.26.
#
# CreateThreeWayMergePatch is given the same object as original, modified and current. When its
# finalizers are in sorted order, the patch is {}. When they are not, it holds their order: the
# comparison sorts one of the two lists in place (diffListsOfScalars), and then finds that their
# orders differ.
set -euo pipefail
version=0.37.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >expected <<'EXPECTED'
["example.com/a","example.com/b"] unchanged: {}
["example.com/b","example.com/a"] unchanged: {"metadata":{"$setElementOrder/finalizers":["example.com/b","example.com/a"]}}
EXPECTED

cat >main.go <<'PROGRAM'
package main

import (
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

func main() {
	schema := must(strategicpatch.NewPatchMetaFromStruct(&v1.ConfigMap{}))
	for _, finalizers := range []string{
		`["example.com/a","example.com/b"]`,
		`["example.com/b","example.com/a"]`,
	} {
		object := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","finalizers":` + finalizers + `}}`)
		patch := must(strategicpatch.CreateThreeWayMergePatch(object, object, object, schema, true))
		fmt.Printf("%s unchanged: %s\n", finalizers, patch)
	}
}
PROGRAM

go mod init finding 2>/dev/null
go mod edit -require "k8s.io/apimachinery@v$version" -require "k8s.io/api@v$version"
go run -mod=mod . >output
cat output
diff expected output && echo "apimachinery v$version still does this"
