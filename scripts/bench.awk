# Prints what the README has of the benchmarks, as ratios: the least of all rounds of one to that of the other, since other
# work on the machine only ever makes a round longer. A figure that is missing, and a test that fails, fail here as well.

$1 == "pkg:" { pkg = $2; sub(/.*\/paird\//, "", pkg) }
/^Benchmark/ {
	name = $1
	sub(/-[0-9]+$/, "", name)
	for (i = 4; i <= NF; i++) {
		key = pkg " " name " " $i
		if (!(key in least) || $(i - 1) + 0 < least[key] + 0)
			least[key] = $(i - 1)
	}
}
match($0, /drains at [0-9.]+/) { drain = substr($0, RSTART + 10, RLENGTH - 10) }
/an hour offline/ && match($0, /[0-9]+ bytes/) { hour = substr($0, RSTART, RLENGTH - 6) }
match($0, /: [0-9]+ (distinct )?states$/) { split(substr($0, RSTART), said, " "); states += said[2] }
$1 == "ok" && states { sub(/.*\/paird\//, "", $2); tried[$2] = states; states = 0 }
$1 == "lines" { lines[++sizes] = $2 SUBSEP $3 }
/^(FAIL|--- FAIL)/ { failed = 1 }

function row(what, a, b) {
	if (!(a in least) || !(b in least)) {
		print what ": not measured"
		failed = 1
		return
	}
	printf "| %s | %.2f |\n", what, least[a] / least[b]
}

END {
	print "\n| | ratio |\n|---|---|"
	printf "| draining the queue from the disk, to bare paho with the same window | %s |\n", drain == "" ? "not measured" : drain
	row("accepting and acknowledging a record online, to accepting one for the disk",
		"agent/queue BenchmarkPut/online=true ns/op", "agent/queue BenchmarkPut/online=false ns/op")
	row("bytes on an OLED's bus for a changed character, to a whole frame",
		"hal/monoled BenchmarkStatusChange bytes/change", "hal/monoled BenchmarkStatusChange bytes/full")
	row("sealing and opening a grant, to a refresh with its journal",
		"agent/store BenchmarkSeal ns/op", "agent/store BenchmarkRefresh ns/op")
	row("a poll, to a refresh, at the client",
		"agent/deviceauth BenchmarkPoll ns/op", "agent/deviceauth BenchmarkRefresh ns/op")
	print "\n| | lines of source | states after a power cut |\n|---|---|---|"
	for (i = 1; i <= sizes; i++) {
		split(lines[i], of, SUBSEP)
		printf "| %s | %d | %s |\n", of[1], of[2], of[1] in tried ? tried[of[1]] : ""
	}
	printf "\nAn hour without the broker, a message in 10 s: %s bytes of flash.\n", hour == "" ? "not measured" : hour
	exit failed || drain == "" || hour == "" || !sizes || !("agent/queue" in tried)
}
