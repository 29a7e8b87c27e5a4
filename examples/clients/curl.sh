#!/bin/sh
# Ask over REST which car a photo shows, and print the server's JSON: sh curl.sh PHOTO [URL]
set -eu
photo=$1
url=${2:-http://127.0.0.1:8501/v1/models/img_classifier}
test -r "$photo" || { echo "There is no photo $photo." >&2; exit 1; }

# The photo goes through a pipe: as an argument of curl it would soon be too long.
{
  printf '{"signature_name": "image_bytes", "instances": [{"b64": "'
  base64 <"$photo" | tr -d '\n'
  printf '"}]}'
} | curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' \
  --data-binary @- "$url:predict"
