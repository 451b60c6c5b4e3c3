#!/bin/sh
# The container's file system is read-only; what libraries keep for themselves goes to /tmp.
set -eu
if [ ! -e "$MPLCONFIGDIR" ]; then
    cp -r /opt/aml/matplotlib "$MPLCONFIGDIR"
fi
exec "$@"
