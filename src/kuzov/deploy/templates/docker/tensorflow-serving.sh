#!/bin/sh
# tensorflow_model_server in a container: the host's $PORT, the model of the image, then the options that follow.
set -eu

exec tensorflow_model_server \
    --port="${GRPC_PORT:-8500}" \
    --rest_api_port="${PORT:-8501}" \
    --model_name="$MODEL_NAME" \
    --model_base_path="$MODEL_BASE_PATH/$MODEL_NAME" \
    "$@"
