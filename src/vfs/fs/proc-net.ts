// /proc/PID/net, whose texts the families of sockets make, and /proc/sys/net: one network, the loopback's, for all processes.

import {S_IFREG} from '../../abi/file-mode.ts'
import {FIRST_LOCAL_PORT, FIRST_UNPRIVILEGED_PORT, LAST_LOCAL_PORT, MAX_TIME_WAITS} from '../../abi/inet.ts'
import {SOMAXCONN} from '../../abi/socket.ts'
import type {ByteString} from '../file.ts'
import {directory, type Entries, type Entry, subdirectory} from './proc-nodes.ts'
import {constant, text} from './proc-text.ts'

/** What procfs asks of the network: the files of /proc/net by name, and what makes each one's text. */
export type NetTexts = ReadonlyMap<ByteString, () => ByteString>

/** @param textsOf called at each lookup */
export function netDirectory(textsOf: () => NetTexts): Entry {
  return directory({
    *names() {
      for (const name of textsOf().keys()) yield [name, S_IFREG]
    },
    find(name) {
      const read = textsOf().get(name)
      return read && text(read).make
    },
  })
}

type Settings = Readonly<Record<string, string | number>>

const CORE: Settings = {
  bpf_jit_enable: 1,
  default_qdisc: 'pfifo_fast',
  dev_weight: 64,
  netdev_budget: 300,
  netdev_max_backlog: 1000,
  optmem_max: 131_072,
  rmem_default: 212_992,
  rmem_max: 212_992,
  somaxconn: SOMAXCONN,
  wmem_default: 212_992,
  wmem_max: 212_992,
}

const IPV4: Settings = {
  icmp_echo_ignore_all: 0,
  icmp_echo_ignore_broadcasts: 1,
  igmp_max_memberships: 20,
  igmp_max_msf: 10,
  ip_default_ttl: 64,
  ip_forward: 0,
  ip_local_port_range: `${FIRST_LOCAL_PORT}\t${LAST_LOCAL_PORT}`,
  ip_local_reserved_ports: '',
  ip_no_pmtu_disc: 0,
  ip_nonlocal_bind: 0,
  ip_unprivileged_port_start: FIRST_UNPRIVILEGED_PORT,
  ping_group_range: '1\t0',
  tcp_abort_on_overflow: 0,
  tcp_adv_win_scale: 1,
  tcp_allowed_congestion_control: 'reno cubic',
  tcp_available_congestion_control: 'reno cubic',
  tcp_available_ulp: '',
  tcp_base_mss: 1024,
  tcp_congestion_control: 'cubic',
  tcp_dsack: 1,
  tcp_ecn: 2,
  tcp_fastopen: 1,
  tcp_fin_timeout: 60,
  tcp_keepalive_intvl: 75,
  tcp_keepalive_probes: 9,
  tcp_keepalive_time: 7200,
  tcp_max_orphans: 16_384,
  tcp_max_syn_backlog: 2048,
  tcp_max_tw_buckets: MAX_TIME_WAITS,
  tcp_mem: '11505\t15340\t23010',
  tcp_moderate_rcvbuf: 1,
  tcp_mtu_probing: 0,
  tcp_no_metrics_save: 0,
  tcp_notsent_lowat: 4_294_967_295,
  tcp_orphan_retries: 0,
  tcp_retries1: 3,
  tcp_retries2: 15,
  tcp_rfc1337: 0,
  tcp_rmem: '4096\t131072\t6291456',
  tcp_sack: 1,
  tcp_slow_start_after_idle: 1,
  tcp_syn_retries: 6,
  tcp_synack_retries: 5,
  tcp_syncookies: 1,
  tcp_timestamps: 1,
  tcp_tw_reuse: 2,
  tcp_window_scaling: 1,
  tcp_wmem: '4096\t16384\t4194304',
  udp_mem: '23010\t30680\t46020',
  udp_rmem_min: 4096,
  udp_wmem_min: 4096,
}

/** In ipv4/conf/ and ipv6/conf/, for each interface. */
const IPV4_INTERFACE: Settings = {
  accept_local: 0,
  accept_redirects: 1,
  accept_source_route: 1,
  arp_announce: 0,
  arp_ignore: 0,
  forwarding: 0,
  log_martians: 0,
  mc_forwarding: 0,
  proxy_arp: 0,
  route_localnet: 0,
  rp_filter: 0,
  secure_redirects: 1,
  send_redirects: 1,
}

const IPV6_INTERFACE: Settings = {
  accept_dad: 1,
  accept_ra: 1,
  accept_redirects: 1,
  accept_source_route: 0,
  addr_gen_mode: 0,
  autoconf: 1,
  disable_ipv6: 0,
  forwarding: 0,
  hop_limit: 64,
  mtu: 65_536,
  use_tempaddr: 0,
}

const IPV6: Settings = {auto_flowlabels: 1, bindv6only: 0, flowlabel_reflect: 0, ip_nonlocal_bind: 0}

export function netSettings(): Entry {
  return subdirectory({
    core: subdirectory(entriesOf(CORE)),
    ipv4: subdirectory({...entriesOf(IPV4), conf: interfaces(IPV4_INTERFACE, {})}),
    ipv6: subdirectory({
      ...entriesOf(IPV6),
      conf: interfaces(IPV6_INTERFACE, {accept_dad: -1, use_tempaddr: -1}),
    }),
    unix: subdirectory({max_dgram_qlen: constant(10)}),
  })
}

/** @param ofLo what is different for the loopback interface */
function interfaces(settings: Settings, ofLo: Settings): Entry {
  const common = subdirectory(entriesOf(settings))
  return subdirectory({all: common, default: common, lo: subdirectory(entriesOf({...settings, ...ofLo}))})
}

function entriesOf(settings: Settings): Entries {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, constant(value)]))
}
