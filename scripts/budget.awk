# Compares figures with their budgets: the first file has the budgets, the second the lines `budget: NAME VALUE`.
# A figure without a budget, and a budget without a figure, fail as well. A budget - is printed only.

FNR == NR && !/^#/ && NF { names[++n] = $1; most[$1] = $2; goal[$1] = $3; unit[$1] = $4 }
FNR != NR && match($0, /budget: .*/) { split(substr($0, RSTART), f, " "); value[f[2]] = f[3] }

END {
	printf "%-24s %12s %12s %8s %12s\n", "budget", "measured", "at most", "margin", "goal"
	for (i = 1; i <= n; i++) {
		name = names[i]
		if (!(name in value)) {
			printf "%-24s is not measured\n", name
			failed = 1
			continue
		}
		held = most[name] != "-"
		over = held && value[name] + 0 > most[name] + 0
		failed = failed || over
		margin = held ? sprintf("%.0f%%", 100 * (most[name] - value[name]) / most[name]) : "-"
		printf "%-24s %12s %12s %8s %12s %-5s%s\n", name, value[name], most[name], margin, goal[name], unit[name],
			over ? "BEYOND" : ""
	}
	for (name in value)
		if (!(name in most)) {
			printf "%-24s has no budget\n", name
			failed = 1
		}
	exit failed
}
