// The files of /proc that are about the whole system, and /proc/sys.

import {USER_HZ} from '../../abi/time.ts'
import type {ByteString} from '../file.ts'
import {PIPE_MAX_BYTES, PIPE_USER_PAGES_SOFT} from '../pipe.ts'
import {randomUuid} from '../random.ts'
import {mqueueLimits, sysvipcLimits} from './proc-ipc-limits.ts'
import {directory, fixedContents, link, type Make, text} from './proc-nodes.ts'
import type {ProcSource} from './proc-source.ts'
import {sysvipcDirectory} from './proc-sysvipc.ts'
import {vmstatText} from './proc-vmstat.ts'

type Entries = Record<ByteString, {kind: number; make: Make}>

const HOSTNAME_MAX = 64

const fileSystems = ['proc', 'tmpfs', 'devtmpfs', 'overlay', 'hostfs', 'pipefs', 'anon_inodefs', 'mqueue']

export function systemEntries(source: ProcSource): Entries {
  return {
    cmdline: text(() => '\n'),
    cpuinfo: text(() => source.cpuinfo()),
    filesystems: text(() => fileSystems.map((name) => `nodev\t${name}\n`).join('')),
    loadavg: text(() => `0.00 0.00 0.00 1/${source.pids().length} ${source.current.pid}\n`),
    meminfo: text(() => meminfoText(source)),
    mounts: link(() => 'self/mounts'),
    stat: text(() => statText(source)),
    swaps: text(() => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
    sys: sysDirectory(source),
    sysvipc: sysvipcDirectory(source.ipc),
    uptime: text(() => uptimeText(source)),
    vmstat: text(() => vmstatText(source)),
    version: text(() => `Linux version ${source.release} (hv@hv) ${source.version}\n`),
  }
}

function uptimeText(source: ProcSource): ByteString {
  const {seconds, idleSeconds} = source.uptime()
  return `${hundredths(seconds)} ${hundredths(idleSeconds)}\n`
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
    ['CommitLimit', totalBytes],
    ['Committed_AS', totalBytes - freeBytes],
  ]
  return lines.map(([name, bytes]) => `${`${name}:`.padEnd(16)}${kilobytes(bytes)}\n`).join('')
}

function kilobytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1024)).padStart(8)} kB`
}

function statText(source: ProcSource): ByteString {
  const {seconds, idleSeconds, began} = source.uptime()
  const idle = Math.floor(idleSeconds * USER_HZ)
  const busy = Math.max(0, Math.floor(seconds * source.cpuCount * USER_HZ) - idle)
  let lines = `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\n`
  for (let cpu = 0; cpu < source.cpuCount; cpu++) {
    const share = (ticks: number): number => Math.floor(ticks / source.cpuCount)
    lines += `cpu${cpu} ${share(busy)} 0 0 ${share(idle)} 0 0 0 0 0 0\n`
  }
  const processes = source.pids().length
  return `${lines}intr 0\nctxt 0\nbtime ${began.seconds}\nprocesses ${processes}\nprocs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`
}

function sysDirectory(source: ProcSource): {kind: number; make: Make} {
  return subdirectory({
    fs: subdirectory({
      mqueue: subdirectory(mqueueLimits),
      'file-max': constant(9223372036854775807n),
      nr_open: constant(1048576),
      'pipe-max-size': constant(PIPE_MAX_BYTES),
      'pipe-user-pages-hard': constant(0),
      'pipe-user-pages-soft': constant(PIPE_USER_PAGES_SOFT),
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
      random: randomDirectory(),
      randomize_va_space: constant(2),
      'threads-max': constant(source.maxPid),
      version: constant(source.version),
    }),
    net: subdirectory({
      core: subdirectory({
        optmem_max: constant(131072),
        rmem_default: constant(212992),
        rmem_max: constant(212992),
        somaxconn: constant(4096),
        wmem_default: constant(212992),
        wmem_max: constant(212992),
      }),
      unix: subdirectory({max_dgram_qlen: constant(10)}),
    }),
    vm: subdirectory({
      max_map_count: constant(65530),
      mmap_min_addr: constant(65536),
      overcommit_memory: constant(0),
      overcommit_ratio: constant(50),
      swappiness: constant(60),
    }),
  })
}

function randomDirectory(): {kind: number; make: Make} {
  let bootId: string | undefined
  return subdirectory({
    boot_id: text(() => {
      bootId ??= randomUuid()
      return `${bootId}\n`
    }),
    entropy_avail: constant(256),
    poolsize: constant(256),
    uuid: text(() => `${randomUuid()}\n`),
  })
}

function subdirectory(entries: Entries): {kind: number; make: Make} {
  return directory(fixedContents(entries))
}

function constant(value: string | number | bigint): {kind: number; make: Make} {
  return text(() => `${value}\n`)
}
