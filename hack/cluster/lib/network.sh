# shellcheck shell=bash
# One network namespace holds the node and everything on it; a pair of virtual interfaces joins it to this machine.
# All that the cluster does to a network (rules, forwarding, bridges, connection tracking) stays inside.

ensure_network() {
  local cidr other
  # after a reboot the name may be there still as an empty file
  if [[ -e $NETNS_FILE && $(stat -fc %T "$NETNS_FILE") != nsfs ]]; then rm -f "$NETNS_FILE"; fi
  [[ -e $NETNS_FILE ]] || ip netns add "$NETNS"
  in_netns nft list tables >/dev/null 2>&1 || die "nftables do not work in a network namespace here (kernel without nf_tables?)"

  if ! ip link show "$VETH" >/dev/null 2>&1; then
    for cidr in "$NODE_IP/30" "$POD_CIDR" "$SERVICE_CIDR"; do
      other=$(ip -4 route show root "$cidr" type unicast 2>/dev/null)
      [[ -z $other ]] || die "addresses this cluster wants ($cidr) are in use: $other; try another SERIN_CLUSTER"
    done
    ip link add "$VETH" type veth peer name eth0 netns "$NETNS"
    say "network namespace $NETNS made"
  fi
  ip addr replace "$HOST_IP/30" dev "$VETH"
  ip link set "$VETH" up
  ip -n "$NETNS" link set lo up
  ip -n "$NETNS" addr replace "$NODE_IP/30" dev eth0
  ip -n "$NETNS" link set eth0 up
  # a default route, so that a connection to anywhere fails at once instead of having no route (this machine does not forward)
  ip -n "$NETNS" route replace default via "$HOST_IP"
  ip route replace "$POD_CIDR" via "$NODE_IP" dev "$VETH"
  ip route replace "$SERVICE_CIDR" via "$NODE_IP" dev "$VETH"
  in_netns sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' # from and to pods; the setting is per namespace
}

remove_network() {
  ip link del "$VETH" 2>/dev/null || true # takes its peer and the routes along
  if [[ -e $NETNS_FILE ]]; then ip netns del "$NETNS" 2>/dev/null || rm -f "$NETNS_FILE"; fi
}
