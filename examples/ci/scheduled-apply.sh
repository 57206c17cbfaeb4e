#!/usr/bin/env bash
# For cron, systemd timers and Jenkins: applies the configuration of a directory, so that keys which are due are
# rotated, and then looks for drift. SIGNOZ_ENDPOINT and SIGNOZ_API_KEY come from the environment.
#   scheduled-apply.sh DIRECTORY
# Exits with 0 if SigNoz is as the configuration says, 2 if something still differs, 1 on errors.
set -euo pipefail
cd "${1:?usage: scheduled-apply.sh DIRECTORY}"
export TF_IN_AUTOMATION=1
terraform=${TERRAFORM:-terraform} # or tofu

# One run at a time; the lock ends with the process.
exec 9>.scheduled-apply.lock
flock --nonblock 9 || { echo "Another run is still going on." >&2; exit 1; }

"$terraform" init -input=false -no-color >/dev/null
"$terraform" apply -input=false -auto-approve -no-color -lock-timeout=5m
"$terraform" plan -input=false -no-color -lock=false -detailed-exitcode
