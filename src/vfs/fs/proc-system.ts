// The files of /proc about the whole system, and /proc/sys.

import {MEMFD_NOEXEC_ENFORCED} from '../../abi/fcntl.ts'
import * as ipc from '../../abi/ipc.ts'
import {USER_HZ} from '../../abi/time.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {ByteString} from '../file.ts'
import {allMounts} from '../mount-tree.ts'
import {PIPE_MAX_BYTES, PIPE_USER_PAGES_SOFT} from '../pipe.ts'
import {Devpts, MOST_TERMINALS} from './devpts.ts'
import {link} from './proc-links.ts'
import {netSettings} from './proc-net.ts'
import {type Entries, type Entry, subdirectory} from './proc-nodes.ts'
import {integerBetween} from './proc-process-settings.ts'
import type {ProcActivity, ProcSource} from './proc-source.ts'
import {sysvipcDirectory} from './proc-sysvipc.ts'
import {constant, text} from './proc-text.ts'

/** In kernel/. */
const sysvipcLimits: Entries = {
  msgmax: constant(ipc.MSGMAX),
  msgmnb: constant(ipc.MSGMNB),
  msgmni: constant(ipc.MSGMNI),
  sem: constant(`${ipc.SEMMSL}\t${ipc.SEMMNS}\t${ipc.SEMOPM}\t${ipc.SEMMNI}`),
  shm_rmid_forced: constant(0),
  shmall: constant(ipc.SHMALL),
  shmmax: constant(ipc.SHMMAX),
  shmmni: constant(ipc.SHMMNI),
}

/** In fs/mqueue/. */
const mqueueLimits: Entries = {
  msg_default: constant(ipc.MQ_MSG_DEFAULT),
  msg_max: constant(ipc.MQ_MSG_MAX),
  msgsize_default: constant(ipc.MQ_MSGSIZE_DEFAULT),
  msgsize_max: constant(ipc.MQ_MSGSIZE_MAX),
  queues_max: constant(ipc.MQ_QUEUES_MAX),
}

const HOSTNAME_MAX = 64

const fileSystems = ['proc', 'tmpfs', 'devtmpfs', 'overlay', 'hostfs', 'pipefs', 'anon_inodefs', 'mqueue']

export function systemEntries(source: ProcSource): Entries {
  return {
    cmdline: text(() => '\n'),
    cpuinfo: text(() => source.cpuinfo()),
    filesystems: text(() => fileSystems.map((name) => `nodev\t${name}\n`).join('')),
    loadavg: text(() => loadavgText(source.activity())),
    meminfo: text(() => meminfoText(source)),
    mounts: link(() => 'self/mounts'),
    net: link(() => 'self/net'),
    stat: text(() => statText(source)),
    swaps: text(() => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
    sys: sysDirectory(source),
    sysvipc: sysvipcDirectory(source),
    uptime: text(() => uptimeText(source)),
    vmstat: text(() => vmstatText(source)),
    version: text(() => `Linux version ${source.release} (hv@hv) ${source.version}\n`),
  }
}

function loadavgText({loads, running, tasks, lastPid}: ProcActivity): ByteString {
  return `${loads.map((load) => load.toFixed(2)).join(' ')} ${running}/${tasks} ${lastPid}\n`
}

/** The second field is the idle time of all CPUs together. */
function uptimeText(source: ProcSource): ByteString {
  const {seconds} = source.uptime()
  const idle = source.activity().busySeconds.map((busy) => Math.max(0, seconds - busy))
  return `${hundredths(seconds)} ${hundredths(idle.reduce((sum, each) => sum + each, 0))}\n`
}

/** Rounded down, as Linux does. */
function hundredths(seconds: number): string {
  return (Math.floor(seconds * 100) / 100).toFixed(2)
}

function meminfoText(source: ProcSource): ByteString {
  const {totalBytes, freeBytes} = source.memory()
  const lines: [name: string, bytes: number][] = [
    ['MemTotal', totalBytes],
    ['MemFree', freeBytes],
    ['MemAvailable', freeBytes],
    ['Buffers', 0],
    ['Cached', 0],
    ['SwapCached', 0],
    ['Active', totalBytes - freeBytes],
    ['Inactive', 0],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Dirty', 0],
    ['Writeback', 0],
    ['AnonPages', totalBytes - freeBytes],
    ['Mapped', 0],
    ['Shmem', 0],
    ['KReclaimable', 0],
    ['Slab', 0],
    ['SReclaimable', 0],
    ['SUnreclaim', 0],
    ['CommitLimit', totalBytes],
    ['Committed_AS', totalBytes - freeBytes],
  ]
  return lines.map(([name, bytes]) => `${`${name}:`.padEnd(16)}${kilobytes(bytes)}\n`).join('')
}

function kilobytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1024)).padStart(8)} kB`
}

/** What the sentry does for a program counts as the program's: there is only user time and idle time. */
function statText(source: ProcSource): ByteString {
  const {seconds, began} = source.uptime()
  const {busySeconds, switches, started, running} = source.activity()
  const cpus = busySeconds.map((busy) => [busy, Math.max(0, seconds - busy)].map(ticks))
  const sum = (index: number): number => cpus.reduce((total, times) => total + times[index], 0)
  const line = (name: string, [user, idle]: number[]): string => `${name} ${user} 0 0 ${idle} 0 0 0 0 0 0\n`
  const lines = [line('cpu ', [sum(0), sum(1)]), ...cpus.map((times, cpu) => line(`cpu${cpu}`, times))]
  const counts = `ctxt ${switches}\nbtime ${began.seconds}\nprocesses ${started}\nprocs_running ${running}\n`
  return `${lines.join('')}intr 0\n${counts}procs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`
}

function ticks(seconds: number): number {
  return Math.floor(seconds * USER_HZ)
}

function sysDirectory(source: ProcSource): Entry {
  return subdirectory({
    fs: subdirectory({
      mqueue: subdirectory(mqueueLimits),
      'file-max': constant(9223372036854775807n),
      nr_open: constant(source.maxOpenFiles),
      'pipe-max-size': constant(PIPE_MAX_BYTES),
      'pipe-user-pages-hard': constant(0),
      'pipe-user-pages-soft': constant(PIPE_USER_PAGES_SOFT),
      protected_fifos: constant(1),
      protected_hardlinks: constant(1),
      protected_regular: constant(1),
      protected_symlinks: constant(0),
    }),
    kernel: subdirectory({
      ...sysvipcLimits,
      cap_last_cap: constant(40),
      domainname: constant('(none)'),
      hostname: text(
        () => `${source.hostname()}\n`,
        (name) => source.setHostname(name.replace(/\n.*$/s, '').slice(0, HOSTNAME_MAX)),
      ),
      ngroups_max: constant(65536),
      osrelease: constant(source.release),
      ostype: constant('Linux'),
      overflowgid: constant(65534),
      overflowuid: constant(65534),
      pid_max: constant(source.maxPid),
      pty: subdirectory({
        max: constant(MOST_TERMINALS),
        nr: text(() => `${countTerminals(source)}\n`),
        reserve: constant(0),
      }),
      random: randomDirectory(source),
      randomize_va_space: constant(2),
      seccomp: subdirectory({
        actions_avail: constant('kill_process kill_thread trap errno trace log allow'),
      }),
      'threads-max': text(() => `${source.maxTasks}\n`),
      version: constant(source.version),
    }),
    net: netSettings(),
    vm: subdirectory({
      max_map_count: constant(65530),
      memfd_noexec: text(
        () => `${source.memfdNoexec}\n`,
        (written) => source.setMemfdNoexec(integerBetween(0, MEMFD_NOEXEC_ENFORCED, written)),
      ),
      mmap_min_addr: constant(65536),
      overcommit_memory: constant(0),
      overcommit_ratio: constant(50),
      swappiness: constant(60),
    }),
  })
}

/** Of /dev/pts, wherever it is mounted. */
function countTerminals({rootMount}: ProcSource): number {
  for (const {fs} of allMounts(rootMount)) if (fs instanceof Devpts) return fs.terminalCount
  return 0
}

function randomDirectory(source: ProcSource): Entry {
  let bootId: string | undefined
  return subdirectory({
    boot_id: text(() => {
      bootId ??= uuidOf(source)
      return `${bootId}\n`
    }),
    entropy_avail: constant(256),
    poolsize: constant(256),
    uuid: text(() => `${uuidOf(source)}\n`),
  })
}

/** RFC 9562, version 4. */
function uuidOf({random}: ProcSource): string {
  const bytes = random.fill(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Nothing is cached, written back or swapped: files lie in the guest's memory or on the host. */
const NONE =
  'nr_inactive_anon nr_inactive_file nr_active_file nr_unevictable nr_mlock nr_slab_reclaimable nr_slab_unreclaimable ' +
  'nr_isolated_anon nr_isolated_file nr_mapped nr_file_pages nr_dirty nr_writeback nr_shmem nr_dirtied nr_written ' +
  'nr_kernel_stack nr_page_table_pages nr_bounce pgpgin pgpgout pswpin pswpout pgactivate pgdeactivate pgmajfault ' +
  'pgrefill pgscan_kswapd pgscan_direct pgsteal_kswapd pgsteal_direct oom_kill'

function vmstatText(source: ProcSource): ByteString {
  const {totalBytes, freeBytes} = source.memory()
  const free = Math.floor(freeBytes / PAGE_SIZE)
  const used = Math.floor((totalBytes - freeBytes) / PAGE_SIZE)
  const {faults} = source
  let lines = `nr_free_pages ${free}\nnr_active_anon ${used}\nnr_anon_pages ${used}\n`
  for (const name of NONE.split(' ')) lines += `${name} 0\n`
  return `${lines}pgalloc_normal ${used}\npgfree 0\npgfault ${faults}\n`
}
