/**
 * Programs that user data expects of Amazon Linux and that this computer may not have, or must not touch: small
 * scripts that do what the course's and most start-up scripts ask of them, and refuse the rest by name.
 */
const bash = '#!/bin/bash\n';
const units = '/run/machine/units';
const packages = '/run/machine/pkgs';

const yum = `${bash}a=(); for x; do [[ $x == -* ]] || a+=("$x"); done
case \${a[0]} in
install|reinstall|localinstall)
  for p in "\${a[@]:1}"; do case $p in
    httpd|docker|nginx|git|jq|curl|wget|unzip|tar|gzip|python3*|nodejs*|postgresql*|amazon-cloudwatch-agent) : > ${packages}/$p; echo "Installed: $p";;
    *) echo "No match for argument: $p" >&2; missing=1;; esac; done
  [ -z "$missing" ] || { echo "Error: Unable to find a match" >&2; exit 1; }
  echo "Complete!";;
update|upgrade|makecache|clean|check-update) echo "Nothing to do."; echo "Complete!";;
*) echo "yum: Plimsoll's machines do not know '\${a[0]}'" >&2; exit 1;; esac
`;

const systemctl = `${bash}a=(); for x; do [[ $x == --now ]] && now=1; [[ $x == -* ]] || a+=("\${x%.service}"); done
verb=\${a[0]}; [ "$verb" != daemon-reload ] || exit 0; status=0
for u in "\${a[@]:1}"; do
  f=${units}/$u
  [ -e ${packages}/$u ] || { echo "Unit $u.service could not be found." >&2; status=5; continue; }
  alive() { [ -s $f.pid ] && kill -0 "$(<$f.pid)" 2>/dev/null; }
  up() {
    alive && return
    [ $u = docker ] && c=(sleep infinity) || c=(/run/machine/$u -DFOREGROUND)
    setsid "\${c[@]}" >>/var/log/$u.log 2>&1 </dev/null & echo $! > $f.pid
    [ $u != httpd ] || for i in {1..200}; do (exec 3<>/dev/tcp/127.0.0.1/80) 2>/dev/null && return; sleep 0.05; done
  }
  down() { alive && kill "$(<$f.pid)"; rm -f $f.pid; }
  case $verb in
    start) up;; stop) down;; restart|reload) down; up;;
    enable) : > $f.enabled; [ -z "$now" ] || up; echo "Created symlink for $u.service.";;
    disable) rm -f $f.enabled;;
    status|is-active) alive && echo active || { echo inactive; status=3; };;
    is-enabled) [ -e $f.enabled ] && echo enabled || { echo disabled; status=1; };;
    *) echo "systemctl: Plimsoll's machines do not know '$verb'" >&2; exit 1;; esac
done; exit $status
`;

const docker = `${bash}systemctl is-active docker >/dev/null || { echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1; }
[ "$1" = run ] || { [[ $1 =~ ^(pull|login|ps|version)$ ]] && exit 0; echo "docker: Plimsoll's machines do not know '$1'" >&2; exit 1; }; shift
e=(); ports=(); restart=no; detached=
while [[ $1 == -* ]]; do case $1 in
  -e|--env) e+=("$2"); shift 2;; --env=*) e+=("\${1#*=}"); shift;;
  -p|--publish) ports+=("$2"); shift 2;; --publish=*) ports+=("\${1#*=}"); shift;;
  --restart) restart=$2; shift 2;; --restart=*) restart=\${1#*=}; shift;;
  --name|-v|--volume|--network|--memory|-m|--cpus|-u|--user|-w|--log-driver|--log-opt) shift 2;;
  -d|--detach) detached=1; shift;; -[a-z]*d*) detached=1; shift;; *) shift;; esac; done
image=$1; shift
program=; port=\${ports[0]%:*}; port=\${port##*:}; IFS=,; published="\${ports[*]}"; unset IFS
if [ -S /run/machine/engine.sock ]; then program='exec /run/machine/node --max-old-space-size=32 /run/machine/dockerRun.m[jt]s "$@"'; set -- "$image" "$published" "\${#e[@]}" "\${e[@]}" "$@"; e=(); fi
for name in "$image" "\${image%:*}"; do [ -n "$program" ] || program=$(sed -n "s|^$name=||p" /run/machine/images); done
[ -n "$program" ] || { echo "Unable to find image '$image' locally; map it with --image $image=COMMAND" >&2; exit 125; }
loop() { n=0; while :; do
  env "\${e[@]}" PORT=$port HOST=0.0.0.0 bash -c "$program" docker "$@"; r=$?; [ $r != 125 ] || return $r
  case $restart in always|unless-stopped) ;; on-failure*) [ $r != 0 ] || return 0;; *) return $r;; esac
  echo "container of $image ended with exit code $r; restarting" >&2
  [ $n -ge 8 ] || n=$((n+1)); sleep $(awk "BEGIN { print 0.05 * 2 ^ $n }"); done; }
if [ -n "$detached" ]; then (trap '' HUP; loop "$@") & echo "$RANDOM$RANDOM" | sha256sum | cut -c1-64; else loop "$@"; fi
`;

/** By name; each stands first on the machine's path. */
export const standIns: Readonly<Record<string, string>> = {
  yum,
  dnf: yum,
  'apt-get': yum,
  systemctl,
  docker,
  service: `${bash}exec systemctl "$2" "$1"\n`,
  usermod: `${bash}exit 0\n`,
  groupadd: `${bash}exit 0\n`,
  sudo: `${bash}while [[ $1 == -* ]]; do [[ $1 == -u ]] && shift; shift; done; exec "$@"\n`,
  useradd: `${bash}n=\${!#}; grep -q "^$n:" /etc/passwd && exit 9; echo "$n:x:$((1000+RANDOM)):1000::/home/$n:/bin/bash" >> /etc/passwd; mkdir -p /home/$n\n`,
  'amazon-linux-extras': `${bash}shift; exec yum install -y "$@"\n`,
  httpd: `${bash}[[ $1 != -v ]] || { echo "Server version: Apache/2.4 (stand-in of Plimsoll)"; exit; }\nexec /run/machine/node --max-old-space-size=32 /run/machine/httpd.m[jt]s\n`,
};
