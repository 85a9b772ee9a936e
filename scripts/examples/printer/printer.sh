#!/bin/sh
# One job of the printer: paird subscribe 'jobs/#' --exec printer.sh
#
# The order is on standard input, such as {"pages": 3}, its topic in PAIRD_TOPIC. Exit code 0 acknowledges the job;
# after any other it comes again, a little later.
set -eu

name=${PAIRD_TOPIC#jobs/}
pages=$(sed -n 's/.*"pages": *\([0-9][0-9]*\).*/\1/p')
if [ -z "$pages" ]; then
	echo "job $name is no order, dropped"
	exit 0
fi
echo "printing $name $pages pages" # the paper would move here
paird publish printed "{\"job\":\"$name\",\"pages\":$pages}"
