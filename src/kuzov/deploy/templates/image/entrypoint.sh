#!/bin/sh
# kuzov serve in a container: the host's $PORT, the model of the image; options that follow go before these.
set -eu

# Hosts that take variables only, such as Heroku: keys that requests must carry, separated by spaces.
if [ -n "${API_KEYS:-}" ]; then
    umask 077
    keys=$(mktemp)
    printf '%s' "$API_KEYS" | tr -s ' ' '\n' >"$keys"
    unset API_KEYS
    set -- --api-key-file="$keys" "$@"
fi

exec kuzov serve \
    --port="${GRPC_PORT:-8500}" \
    --rest-api-port="${PORT:-8501}" \
    --model-name="$MODEL_NAME" \
    --model-base-path="$MODEL_BASE_PATH/$MODEL_NAME" \
    "$@"
