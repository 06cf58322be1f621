/**
 * How a machine comes up, in three steps of bash that each replace themselves by the next:
 *
 *     wire     in the region's network namespace: a network namespace of its own, joined to the bridge by a veth pair
 *     build    in mount, pid, uts and ipc namespaces of its own: a root of its own in memory over the computer's /usr
 *     life     pid 1 of the machine: runs the user data, reaps orphans, ends with its standard input
 *
 * As root the first two have root's rights, and what runs in the machine has none of them: it is root of a user
 * namespace only. As a normal user everything is inside a user namespace from the start.
 */

/** $HOLDER pid of the region's network namespace; $VETH name of the end at the bridge; $ADDR the machine's address. */
export const wireScript = `set -e
# The hardware address follows from the IP address: else neighbours send to the one that had it before until they notice, up to 45 s.
printf -v mac '02:00:%02x:%02x:%02x:%02x' \${ADDR//./ }
ip link add eth0 address "$mac" type veth peer name "$VETH" netns "$HOLDER"
# ip(8) reads the list of links to find the bridge; while others are being added, it may miss it.
for i in 1 2 3 4 5; do nsenter -t "$HOLDER" -n ip link set "$VETH" master br0 up 2>/dev/null && break; sleep 0.1; done
exec unshare --mount --pid --uts --ipc --fork --kill-child /bin/bash "$DIR/build"
`;

/**
 * $DIR holds what the machine is given: user-data, life, images, standins/. $FOLDERS: `name=path` of folders that it may
 * read. $DROP: the id that its root is outside, or empty.
 */
export const buildScript = `set -e
R=$DIR/root; mkdir -p "$R"; mount --make-rprivate /
mount -t tmpfs -o size=512m,mode=755 machine "$R"; cd "$R"
mkdir -p usr etc/ssl var/{log,tmp,www/html,lib/cloud/instance} run/machine/{pkgs,units,folders} tmp root home/ec2-user dev/{pts,shm} proc sys opt srv mnt .upper .work old
chmod 1777 tmp var/tmp dev/shm; ln -s ../run var/run
for l in bin sbin lib lib32 lib64; do if [ -L /$l ]; then cp -P /$l .; elif [ -d /$l ]; then mkdir $l; mount --rbind -o ro /$l $l; fi; done
ro() { mount --bind "$1" "$2"; mount -o remount,bind,ro,nosuid,nodev "$2" 2>/dev/null || mount -o remount,bind,ro "$2"; }
cp "$DIR"/standins/* run/machine/; install -m 755 "$DIR/life" run/machine/life
names=$(ls "$DIR"/standins | grep -v '\\.m[jt]s$')
mkdir -p .upper/{bin,sbin,local/{bin,sbin,lib,share,etc},lib/systemd/system,share}
for c in $names; do cp run/machine/$c .upper/bin/; for p in sbin local/bin local/sbin; do [ ! -e /usr/$p/$c ] || { mkdir -p .upper/$p; cp run/machine/$c .upper/$p/; }; done; done
if ! mount -t overlay overlay -o lowerdir=/usr,upperdir=.upper,workdir=.work usr 2>/dev/null; then
  ro /usr usr; mount -t tmpfs tmpfs usr/local; mkdir -p usr/local/{bin,sbin,lib}
  for c in $names; do cp run/machine/$c usr/local/bin/; for p in usr/bin usr/sbin; do [ ! -e $p/$c ] || ro run/machine/$c $p/$c; done; done
fi
printf 'NAME="Amazon Linux"\\nID="amzn"\\nID_LIKE="fedora"\\nVERSION="2023"\\nVERSION_ID="2023"\\n' > etc/os-release
printf 'root:x:0:0:root:/root:/bin/bash\\nec2-user:x:1000:1000::/home/ec2-user:/bin/bash\\n' > etc/passwd
printf 'root:x:0:\\nec2-user:x:1000:\\ndocker:x:992:\\n' > etc/group
printf '127.0.0.1 localhost\\n%s %s\\n' "$ADDR" "$NAME" > etc/hosts; hostname "$NAME"; echo "$NAME" > etc/hostname
cp "$DIR/images" run/machine/images; install -m 755 "$DIR/user-data" var/lib/cloud/instance/user-data
[ -z "$DROP" ] || find . -xdev -exec chown -h "$DROP:$DROP" {} + 2>/dev/null || true
for f in ssl alternatives ld.so.cache ld.so.conf.d localtime nsswitch.conf protocols services; do
  if [ -d /etc/$f ]; then mkdir -p etc/$f; ro /etc/$f etc/$f; elif [ -f /etc/$f ]; then cp /etc/$f etc/$f; fi
done
for d in null zero full random urandom tty; do : > dev/$d; mount --bind /dev/$d dev/$d; done
ln -s /proc/self/fd dev/fd; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr; ln -s fd/0 dev/stdin; mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t proc proc proc
: > run/machine/node; ro "$NODE" run/machine/node
if [ -S "$DIR/engine.sock" ]; then
  : > run/machine/engine.sock; mount --bind "$DIR/engine.sock" run/machine/engine.sock
  : > run/machine/out.sock; mount --bind "$DIR/../out.sock" run/machine/out.sock
fi
while IFS== read -r name path; do [ -z "$name" ] || { mkdir -p "run/machine/folders/$name"; ro "$path" "run/machine/folders/$name"; }; done <<< "$FOLDERS"
ip link set lo up; ip addr add "$ADDR/16" dev eth0; ip link set eth0 up; ip route add default via 172.31.0.1
# The region's loopback network is at the gateway, not on this machine's own loopback.
echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet
ip route del table local 127.0.0.0/8 dev lo; ip route add table local local 127.0.0.0/12 dev lo src 127.0.0.1; ip route add "$NETWORK" via 172.31.0.1 src "$ADDR"
[ -z "$UPLINK" ] || ip route add "$UPLINK/32" dev eth0
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || true
pivot_root . old; cd /; umount -l /old; rmdir /old
echo "machine $NAME is up"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
drop=$DROP; unset DIR NODE DROP HOLDER VETH FOLDERS UPLINK NETWORK
if [ -n "$drop" ]; then setpriv --reuid "$drop" --regid "$drop" --clear-groups --no-new-privs unshare --user --map-root-user /bin/bash /run/machine/life &
else setpriv --bounding-set=-sys_admin,-sys_module,-sys_rawio,-sys_boot,-sys_ptrace,-sys_time,-syslog,-mknod,-bpf,-perfmon /bin/bash /run/machine/life & fi
set +e
while :; do wait -n; sleep 0.2; done
`;

/** Runs in the machine as its root; what it starts in the background lives on. */
export const lifeScript = `exec </dev/null > >(exec tee -a /var/log/cloud-init-output.log) 2>&1
/var/lib/cloud/instance/user-data; echo "user data ended with exit code $?"
`;
