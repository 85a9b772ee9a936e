#!/bin/sh
# Prints the licences of what paird is linked from: Go itself, the modules that go.mod names, and the fonts. Each text
# stands once, below the names of all it is for. The result is kept beside this script:
#
#   scripts/notices.sh >scripts/THIRD_PARTY_NOTICES.txt
set -eu

cd "$(dirname -- "$0")/.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# add notes that a text is for a part.
add() { # NAME FILE
	printf '%s %s %s\n' "$(cksum <"$2" | tr ' ' -)" "$2" "$1" >>"$list"
}

# module adds the texts of one module. paho.mqtt.golang leaves the choice between EPL-2.0 and EDL-1.0: it is used under
# EDL-1.0, a 3-clause BSD licence.
module() { # NAME FOLDER
	case $1 in
	github.com/eclipse/paho.mqtt.golang*)
		add "$1 (under EDL-1.0)" "$2/edl-v10"
		add "$1" "$2/NOTICE.md"
		return
		;;
	esac
	found=
	for text in LICENSE COPYING NOTICE PATENTS; do
		if [ -f "$2/$text" ]; then
			add "$1" "$2/$text"
			found=yes
		fi
	done
	[ -n "$found" ] || {
		echo "notices: $1 has no licence that this script knows" >&2
		exit 1
	}
}

add "Go, its standard library and runtime" "$(go env GOROOT)/LICENSE"
CGO_ENABLED=0 GOOS=linux go list -deps -tags nethttpomithttp2 \
	-f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/paird | sort -u >"$list.modules"
while read -r name version dir; do
	module "$name $version" "$dir"
done <"$list.modules"
rm "$list.modules"
image=$(go list -m -f '{{.Dir}}' golang.org/x/image)
add "the Go fonts, of which the panel's faces are made" "$image/font/gofont/ttfs/README"
add "Inconsolata as in golang.org/x/image, of which a face is made" "$image/LICENSE"

echo "paird is licensed under the Apache License 2.0. It contains the following works of others."
cut -d ' ' -f 1 "$list" | awk '!seen[$0]++' | while read -r sum; do
	printf '\n%s\n' '--------------------------------------------------------------------------------'
	awk -v sum="$sum" '$1 == sum { sub(/^[^ ]+ [^ ]+ /, ""); print }' "$list"
	printf '\n'
	cat "$(awk -v sum="$sum" '$1 == sum { print $2; exit }' "$list")"
done
