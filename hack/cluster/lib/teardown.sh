# shellcheck shell=bash
# Taking a cluster off the machine. Like pulling the plug: what is on disk ($STATE) stays for the next up, and
# everything else goes, found by where it is (namespace, cgroup, directory) and not by what was recorded, so that
# whatever an up or a crash left behind is found as well.

# Components first, in an order in which nobody restarts or recreates anything.
stop_components() {
  local name
  for name in argocd-server argocd-application-controller argocd-repo-server redis traefik prometheus coredns kube-proxy kube-scheduler kube-controller-manager kubelet containerd; do
    stop "$name"
  done
  stop kube-apiserver KILL # it would wait for its watchers
  stop etcd
  kill_processes # pods, shims, and whatever else was started in the namespace
}

# Every process in the cluster's network namespace (components, shims) or in its cgroups (pods).
cluster_processes() {
  local proc
  {
    if [[ -e $NETNS_FILE ]]; then
      for proc in /proc/[0-9]*; do
        if [[ $proc/ns/net -ef $NETNS_FILE ]]; then echo "${proc#/proc/}"; fi
      done
    fi
    cgroup_processes
  } 2>/dev/null | sort -un
}

# A component may be starting another process at any time: so look again, until there is none.
kill_processes() {
  local i pids
  for ((i = 0; i < 100; i++)); do
    mapfile -t pids < <(cluster_processes)
    ((${#pids[@]})) || return 0
    kill -s KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.1
  done
}

cluster_mounts() { awk -v s="$STATE/" -v r="$RUN/" 'index($5, s) == 1 || index($5, r) == 1 { print $5 }' /proc/self/mountinfo; }

remove_mounts() {
  local mount
  # volumes, root file systems, pods' network namespaces; the last mounted first
  cluster_mounts | tac | while read -r mount; do
    umount "$mount" 2>/dev/null || umount -l "$mount" || true
  done
}

# Files of the dead outside of $STATE.
remove_files() {
  local link socket=/var/lib/kubelet/device-plugins/kubelet.sock
  # containerd's shims put their sockets there, named by a digest
  { grep -rhoE '/run/containerd/s/[0-9a-f]{64}' "$RUN"/containerd/*/k8s.io/*/bootstrap.json 2>/dev/null || true; } | xargs -r rm -f
  # the CNI library remembers there what it gave to whom
  rm -f "/var/lib/cni/results/$NETNS-"*
  # kubelet links every container's log there, wherever the logs are
  for link in /var/log/containers/*; do
    if [[ -L $link && $(readlink "$link") == "$STATE"/* ]]; then rm -f "$link"; fi
  done
  rmdir /var/log/containers 2>/dev/null || true
  # kubelet's only fixed path; it may be another kubelet's by now
  if [[ -S $socket && -z $(ss -Hxl src "$socket") ]]; then rm -f "$socket"; fi
  rmdir -p "${socket%/*}" 2>/dev/null || true
  rm -rf "$RUN"
  rmdir /run/serin 2>/dev/null || true
}

# leftovers: a line for each thing of the cluster that is still on the machine; nothing if all is well.
leftovers() {
  local pid mount dir
  while read -r pid; do echo "process $pid: $(command_line "$pid")"; done < <(
    {
      cluster_processes
      escaped_processes
    } | sort -un
  )
  while read -r mount; do echo "mount $mount"; done < <(cluster_mounts)
  if [[ -e $NETNS_FILE ]]; then echo "network namespace $NETNS"; fi
  if ip link show "$VETH" >/dev/null 2>&1; then echo "network interface $VETH"; fi
  while read -r dir; do
    if [[ -d $dir ]]; then echo "cgroup $dir"; fi
  done < <(cgroup_dirs)
  if [[ -e $RUN ]]; then echo "directory $RUN"; fi
}

command_line() { { tr '\0' ' ' <"/proc/$1/cmdline" | cut -c1-200; } 2>/dev/null || true; }

# When the namespace has lost its name, a component is still known by its program and its arguments.
escaped_processes() {
  local file program
  { grep -lzF -e "$STATE/" -e "$RUN/" /proc/[0-9]*/cmdline 2>/dev/null || true; } | while read -r file; do
    { IFS= read -rd '' program <"$file" || continue; } 2>/dev/null
    case $program in
    "$CACHE"/bin/* | */containerd-shim-runc-v2) cut -d/ -f3 <<<"$file" ;;
    esac
  done
}
