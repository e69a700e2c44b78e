// Options of the command alone: how it treats the program's file, and what its user sees of the run.

import {type GdbAddress, parseGdbAddress} from '../../gdb/address.ts'
import type {FlatStart} from '../../machine/bare/flat-file.ts'
import type {NetRate} from '../../sentry/core/net-rate.ts'
import type {TraceOptions} from '../../sentry/trace/options.ts'
import {WITH_PROMISES} from './guest.ts'
import {createFile, parseFlat, parseNetRate, requireTerminal} from './parse-values.ts'
import {each, type FlagRow, FOR_SENTRY, LEFT_OUT, type Rows} from './row.ts'

const STDERR = 2

const bareOnly = (option: string) => ({
  message: `\`${option}\` is for a bare machine, and \`kernel\` boots another`,
  nextStep: 'leave one of them out',
})
const FLAT = bareOnly('flat')
const IRQCHIP = bareOnly('irqchip')

export interface CommandOptions {
  /** Forces how the program is treated; default: as its file says. */
  machine?: 'linux' | 'bare'
  /** The program is a flat binary for a bare machine, and starts so. */
  flat?: FlatStart
  /** A bare-metal guest gets an interrupt controller. Default: if its file says so. */
  irqchip?: boolean
  /** With `image`: one of its programs, which replaces its entry point and its command. */
  entrypoint?: string
  /** How the guest's system calls, or a machine's exits, are shown: from the start if `isOn`, and when SIGUSR2 switches the trace on. */
  trace?: TraceOptions
  /** Where gdb is waited for before the first instruction: the machine's, if there is a `kernel`. A program's call sites stay unpatched. */
  gdb?: GdbAddress
  /**
   * Host file for the core of the first process that dies with one, emptied if it exists. A bare-metal guest's machine,
   * or that of a `kernel` without a program, is left there if it does not end with status 0; with a program, if it panics or resets.
   */
  core?: string
  /** Prints the counters and times of `RunResult.stats`. */
  stats?: boolean | 'json'
  /** Lists of addresses and names outside of the sandbox that the guest may connect to: net-rules.ts; an empty one: every public address. */
  allowNet?: readonly string[]
  /** Of those, which not. */
  denyNet?: readonly string[]
  /** How many bytes a second go to and from outside. */
  netRate?: NetRate
  /** This host's ports that lead to the guest's: published-port.ts. */
  publish?: readonly string[]
  /** Finds out which promises the guest needs: `RunResult.promises`. Its standard output goes to this process's standard error. */
  suggestsPromises?: boolean
}

export const commandRows: Rows<CommandOptions> = {
  machine: {
    flag: '--machine',
    summary: 'run PROGRAM as a Linux program or as a bare-metal guest; default: what the file says',
    choices: ['linux', 'bare'],
    commands: ['run'],
    unfit: {kernel: true, 'kernel-program': true},
  },
  flat: {
    flag: '--flat[=MODE[@ADDRESS]]',
    summary:
      'run PROGRAM as a flat binary on a bare machine: real (at 0x7c00, the default), protected or long (at 0x100000) on x86_64, el1 or el2 (at 0x40100000) on arm64',
    commands: ['run'],
    words: ['real', 'protected', 'long', 'el1', 'el2'],
    parse: (text) => (text === LEFT_OUT ? {} : parseFlat(text)),
    unfit: {kernel: FLAT, 'kernel-program': FLAT},
  },
  irqchip: {
    flag: '--irqchip',
    summary:
      'give a bare-metal guest an interrupt controller and timers: PIC, PIT, IOAPIC and local APIC, or a GIC; default: as the file says',
    commands: ['run'],
    unfit: {kernel: IRQCHIP, 'kernel-program': IRQCHIP},
  },
  entrypoint: {
    flag: '--entrypoint PROGRAM',
    summary: "run PROGRAM in place of the image's entry point and its arguments",
  },
  trace: {
    flag: '--trace[=FILE]',
    summary:
      "print each system call in strace's format, to standard error or to FILE; of a machine (a bare-metal guest's, or a kernel's) each exit",
    commands: ['run', 'pledge'],
    parse: (file) => ({
      fd: file === LEFT_OUT ? STDERR : createFile(file, '--trace'),
      isOn: true,
      showsDurations: true,
    }),
    unfit: {'kernel-program': true},
  },
  gdb: {
    flag: '--gdb [ADDR:]PORT|unix:PATH',
    summary:
      "wait for gdb there before the first instruction, with --kernel the machine's; without ADDR, only on this host. A program's addresses are then not random, and gdb's `target extended-remote` can run it again",
    parse: parseGdbAddress,
  },
  core: {
    flag: '--core FILE',
    summary:
      "write an ELF core file of the guest's first process that crashes; see core(5). For a machine (a bare-metal guest's, or a kernel's): write one if it does not end with status 0, and when hv gets SIGQUIT; if it runs a program, only if its kernel panics",
  },
  stats: {
    flag: '--stats[=json]',
    summary: 'print counters and times to standard error at the end, as text or as one JSON object',
    choices: ['json'],
    parse: (text) => (text === 'json' ? text : true),
  },
  allowNet: {
    flag: '--allow-net[=LIST]',
    summary:
      'let the guest connect, by TCP and UDP, to these: example.com:443,*.example.org,10.0.0.0/8:5432,[2001:db8::/32]; without LIST to every public address; host.internal:PORT is a port of this host',
    ...each((list) => (list === LEFT_OUT ? '' : list)),
    unfit: FOR_SENTRY,
  },
  denyNet: {
    flag: '--deny-net LIST',
    summary: 'of what --allow-net allows, not these',
    ...each((list) => list),
    unfit: FOR_SENTRY,
  },
  netRate: {
    flag: '--net-rate SIZE[:SIZE]',
    summary:
      'bytes a second that the guest may receive from what --allow-net names, and send to it, all connections together: 1M, or RECEIVED:SENT',
    parse: parseNetRate,
    unfit: FOR_SENTRY,
  },
  publish: {
    flag: '-p, --publish [ADDR:]HOSTPORT:GUESTPORT[/udp]',
    summary:
      'let others connect to a port of the guest by one of this host, e.g. 8080:80 or [::1]:8080:80; only from this host, unless ADDR says otherwise (0.0.0.0: from everywhere); HOSTPORT 0 is any free one; may be repeated',
    ...each((text) => text),
    unfit: FOR_SENTRY,
  },
  suggestsPromises: {
    flag: '--suggest',
    summary: 'run PROGRAM and print the promises that it needed; its standard output goes to standard error',
    commands: ['pledge'],
    unfit: WITH_PROMISES,
  },
}

/** Flags that set no option. */
export const otherFlags: readonly (FlagRow & {parse?: () => void})[] = [
  {
    flag: '-i, --interactive',
    summary: 'accepted as docker has it: standard input always reaches the program',
  },
  {
    flag: '-t, --tty',
    summary:
      'insist on a terminal: the program has the one that hv was started in, and this refuses to start without one',
    parse: requireTerminal,
  },
  {
    flag: '--rm',
    summary: 'accepted as docker has it: nothing of a guest is kept, except in volumes that are rw',
  },
]
