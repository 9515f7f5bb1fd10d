# shellcheck shell=bash
# Each cluster has a cgroup of its own for its pods. Without, two kubelets would share /kubepods and clean up after
# each other.

cgroup_v2() { [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; }

# Where the cluster's cgroup is: in one place with cgroup v2, in every hierarchy with v1.
cgroup_dirs() {
  if cgroup_v2; then
    echo "/sys/fs/cgroup/$CGROUP"
  else
    findmnt -rno TARGET -t cgroup | sort -u | sed "s#\$#/$CGROUP#"
  fi
}

ensure_cgroups() {
  local dir file
  if cgroup_v2; then delegate_v2; fi
  while read -r dir; do
    mkdir -p "$dir"
    # v1: a new cpuset is empty, and nothing can be put into it until it is told its processors and memory
    for file in cpuset.cpus cpuset.mems; do
      if ! cgroup_v2 && [[ -e $dir/$file && -z $(<"$dir/$file") ]]; then cat "$dir/../$file" >"$dir/$file"; fi
    done
  done < <(cgroup_dirs)
}

# v2: kubelet wants its controllers enabled for its cgroup, which is done in the parent, the root.
delegate_v2() {
  local root=/sys/fs/cgroup controller moved=false pid
  for controller in cpuset cpu io memory hugetlb pids; do
    grep -qw "$controller" $root/cgroup.controllers || continue
    grep -qw "$controller" $root/cgroup.subtree_control && continue
    echo "+$controller" 2>/dev/null >$root/cgroup.subtree_control && continue
    # In a container the root we see is an ordinary cgroup, which may not have both processes and controllers
    # below it: so the processes move down.
    if ! $moved && [[ -e $root/cgroup.type ]]; then
      moved=true
      mkdir -p $root/init
      while read -r pid; do echo "$pid" 2>/dev/null >$root/init/cgroup.procs || true; done <$root/cgroup.procs
    fi
    echo "+$controller" >$root/cgroup.subtree_control || die "cannot enable the cgroup controller $controller for the cluster"
  done
}

# The processes in the cluster's cgroups: those of its pods.
cgroup_processes() {
  local dir
  while read -r dir; do
    if [[ -d $dir ]]; then find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null || true; fi
  done < <(cgroup_dirs) | sort -un
}

remove_cgroups() {
  local dir i
  while read -r dir; do
    # a cgroup stays busy for a moment after its last process
    for ((i = 0; i < 50; i++)); do
      [[ -d $dir ]] || break
      find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
  done < <(cgroup_dirs)
}
