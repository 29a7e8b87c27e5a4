#!/bin/bash
# healthcheck.sh PATH [TEXT]: whether the server in this container answers PATH with 200, and TEXT in it.
# The images have no curl; bash opens the connection itself.
set -euo pipefail

exec 3<>"/dev/tcp/127.0.0.1/${PORT:-8501}"
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
read -r _ status _ <&3
[ "$status" = 200 ]
[ $# = 1 ] || grep --quiet --text "$2" <&3
