#!/usr/bin/env bash
# An image's normalized name has no domain, if an underscore stands in what looks like its host.
#
# Version: github.com/distribution/reference v0.6.0 (Go module proxy). Needs Go 1.20.
#
# ParseNormalizedNamed is to yield a fully qualified name, with a default domain if none is given.
# It takes "registry_1.example.com" for a domain, as it has a dot (splitDockerDomain), and so adds
# no default. The grammar that then parses the whole has no underscore in a domain, but has it in a
# path: all becomes the path, the domain is empty, and there is no error. With a port there is one.
set -euo pipefail
version=0.6.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >expected <<'EXPECTED'
registry-1.example.com/app: domain "registry-1.example.com", path "app"
registry_1.example.com/app: domain "", path "registry_1.example.com/app"
registry_1.example.com:5000/app: invalid reference format
EXPECTED

cat >main.go <<'PROGRAM'
package main

import (
	"fmt"

	"github.com/distribution/reference"
)

func main() {
	for _, name := range []string{
		"registry-1.example.com/app",
		"registry_1.example.com/app",
		"registry_1.example.com:5000/app",
	} {
		named, err := reference.ParseNormalizedNamed(name)
		if err != nil {
			fmt.Printf("%s: %v\n", name, err)
			continue
		}
		fmt.Printf("%s: domain %q, path %q\n", name, reference.Domain(named), reference.Path(named))
	}
}
PROGRAM

go mod init finding 2>/dev/null
go mod edit -require "github.com/distribution/reference@v$version"
go run -mod=mod . >output
cat output
diff expected output && echo "distribution/reference v$version still does this"
