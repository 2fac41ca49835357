#!/bin/sh
# Makes the passwords of Redis' users once, and its list of users with their hashes:
#   users.sh users.acl FOLDER LIST
# The password of `worker` is then in FOLDER/worker/redis-password, which nobody else need see.
set -eu
umask 077
cat "$1" >"$3"
for user in worker exporter; do
  file=$2/$user/redis-password
  if [ ! -s "$file" ]; then
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file.new"
    chmod 444 "$file.new" # the service runs under a number of its own
    mv "$file.new" "$file"
  fi
  hash=$(sha256sum <"$file")
  sed -i "s/#HASH-OF-$user /#${hash%% *} /" "$3"
done
chmod 444 "$3"
