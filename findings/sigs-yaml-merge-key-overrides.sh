#!/usr/bin/env bash
# A YAML merge key overrides the mapping's own keys, if these are written before it.
#
# Version: sigs.k8s.io/yaml v1.6.0 on go.yaml.in/yaml/v2 v2.4.5 (Go module proxy). Needs Go 1.22.
#
# By YAML's definition of "<<", what it merges in yields to the keys of the mapping itself, and the
# order of a mapping's keys means nothing. Here the order decides. go.yaml.in/yaml/v3 v3.0.6 keeps
# the mapping's own value in both orders. The strict functions of sigs.k8s.io/yaml refuse both, as
# if the key were written twice.
set -euo pipefail
version=1.6.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >expected <<'EXPECTED'
<<: {replicas: 2}, replicas: 1
  YAMLToJSON: {"replicas":1}
  YAMLToJSONStrict: yaml: unmarshal errors: line 2: key "replicas" already set in map
  yaml/v3: map[replicas:1]
replicas: 1, <<: {replicas: 2}
  YAMLToJSON: {"replicas":2}
  YAMLToJSONStrict: yaml: unmarshal errors: line 2: key "replicas" already set in map
  yaml/v3: map[replicas:1]
EXPECTED

cat >main.go <<'PROGRAM'
package main

import (
	"fmt"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, lines := range [][]string{
		{"<<: {replicas: 2}", "replicas: 1"},
		{"replicas: 1", "<<: {replicas: 2}"},
	} {
		fmt.Println(strings.Join(lines, ", "))
		text := []byte(strings.Join(lines, "\n"))
		lax, err := yaml.YAMLToJSON(text)
		if err != nil {
			panic(err)
		}
		fmt.Printf("  YAMLToJSON: %s\n", lax)
		_, err = yaml.YAMLToJSONStrict(text)
		fmt.Println("  YAMLToJSONStrict:", strings.Join(strings.Fields(fmt.Sprint(err)), " "))
		var other any
		if err := yaml3.Unmarshal(text, &other); err != nil {
			panic(err)
		}
		fmt.Println("  yaml/v3:", other)
	}
}
PROGRAM

go mod init finding 2>/dev/null
go mod edit -require "sigs.k8s.io/yaml@v$version" \
  -require go.yaml.in/yaml/v2@v2.4.5 -require go.yaml.in/yaml/v3@v3.0.6
go run -mod=mod . >output
cat output
diff expected output && echo "sigs.k8s.io/yaml v$version still does this"
