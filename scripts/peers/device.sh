#!/bin/sh
# A device as a shell script: curl, jq, qrencode and mosquitto_pub. It prints "code" once the code is on the terminal, and
# publishes with QoS 1 each 30 s. Its settings are variables of the environment.
set -eu

meta=$(curl -sf --cacert "$CA" "$ISSUER/.well-known/openid-configuration")
endpoint() { printf '%s' "$meta" | jq -r ".$1"; }
token=$(endpoint token_endpoint)
begun=$(curl -sf --cacert "$CA" -d "client_id=$CLIENT" -d "device_id=$DEVICE" --data-urlencode "scope=$SCOPE" \
	"$(endpoint device_authorization_endpoint)")
printf '%s' "$begun" | jq -r .verification_uri_complete | qrencode -t UTF8
printf '%s' "$begun" | jq -r .user_code
echo code

while :; do
	sleep "$(printf '%s' "$begun" | jq -r .interval)"
	answer=$(curl -s --cacert "$CA" -d grant_type=urn:ietf:params:oauth:grant-type:device_code -d "client_id=$CLIENT" \
		-d "device_code=$(printf '%s' "$begun" | jq -r .device_code)" "$token")
	case $(printf '%s' "$answer" | jq -r '.error // ""') in
	'') break ;;
	authorization_pending | slow_down) ;;
	*) exit 1 ;;
	esac
done

access=$(printf '%s' "$answer" | jq -r .access_token)
while :; do
	mosquitto_pub --cafile "$CA" -h "$HOST" -p "$PORT" -i "$DEVICE" -u "$DEVICE" -P "$access" -q 1 \
		-t "paird/$DEVICE/telemetry" -m "$(printf '%200s' x)"
	sleep 30
done
