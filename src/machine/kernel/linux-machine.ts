// Machine: a machine with a Linux kernel, for embedders: what `hv run --kernel` does, with Node streams and sockets.

import {closeSync} from 'node:fs'
import {type Duplex, PassThrough, type Readable, type Writable} from 'node:stream'
import * as v from 'valibot'
import {SIGKILL} from '../../abi/signal.ts'
import {openCore} from '../../core/open-core.ts'
import * as takes from '../../options.ts'
import {MachineInput, MachineOutput} from '../console/streams.ts'
import {dumpMachine, type StoppedMachine} from '../debug/dump-machine.ts'
import type {MachineResult} from '../machine-result.ts'
import {SnapshotDirectory} from '../snapshot/directory.ts'
import {CARD_FIELDS, devices, disks, networkOf, shares} from './device-schema.ts'
import {KernelMachine} from './kernel-machine.ts'
import {type KernelOptions, MOST_CPUS, type RestoreOptions} from './kernel-options.ts'
import type {KernelStreams} from './kernel-run.ts'
import type {MachineUsage} from './machine-usage.ts'
import {restoredOptions} from './saved-machine.ts'

/** When more of the console's output than this is unread, the machine waits. */
const UNREAD_BYTES = 2 ** 14
/** VMADDR_PORT_ANY is no port: vsock(7). */
const PORT_MAX = 2 ** 32 - 2

const machineOptions = takes.options({
  ...{kernel: takes.path, initrd: v.optional(takes.path), append: v.optional(takes.text)},
  console: v.optional(takes.oneOf(['serial', 'hvc0'])),
  ...{cpus: v.optional(takes.integer(1, MOST_CPUS)), memoryBytes: v.optional(takes.anyNumber)},
  ...{disks, shares, devices, network: networkOf(CARD_FIELDS)},
  ...{reboots: v.optional(takes.truth), timeoutMs: v.optional(takes.timeLimit)},
})
const restoreOptions = takes.options({
  disks: v.optional(takes.list(takes.path, 'a list')),
  ...{devices, network: networkOf(CARD_FIELDS)},
  timeoutMs: v.optional(takes.timeLimit),
})

/**
 * A Linux kernel in a virtual machine of its own, with a serial console, entropy, sockets, disks and shared directories. It runs in this
 * process, on a thread for each CPU; the event loop keeps turning.
 *
 * @example
 * const machine = Machine.create({kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', append: 'quiet', cpus: 2})
 * machine.stdout.pipe(process.stdout)
 * machine.listen(1024, (stream) => stream.end('hello, guest'))
 * const {exitCode} = await machine.wait()
 */
export class Machine implements AsyncDisposable {
  /** The console's input. It need not end. */
  readonly stdin: Writable
  /** The console's output. While nobody reads it, the machine waits at some point. */
  readonly stdout: Readable
  readonly #machine: KernelMachine
  readonly #end: Promise<MachineResult>

  private constructor(machine: KernelMachine, stdin: Writable, stdout: PassThrough) {
    takes.requireMade(stdout, 'Machine')
    this.#machine = machine
    this.stdin = stdin
    this.stdout = stdout
    this.#end = runToEnd(machine).finally(() => stdout.end())
    // Callers that do not wait have no use for it.
    this.#end.catch(() => {})
  }

  /**
   * Boots a machine.
   * @throws HvError BAD_ARGUMENT, NOT_FOUND, BAD_KERNEL, MEMORY_SIZE, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE, VCPU_FAILED
   */
  static create(options: KernelOptions): Machine {
    const checked = takes.checked(machineOptions, options, 'options')
    return Machine.#make((streams) => new KernelMachine(checked, streams))
  }

  /**
   * A machine that goes on from a snapshot ({@link snapshot}), in any process on a similar host, and any number of times. Its memory is read
   * as it is touched, and the snapshot stays as it is. Its description is checked, but names files of the host, which the machine gets:
   * restore none that somebody else may have written. A disk that has changed since is SAVE_INVALID: give a copy that was made when the
   * snapshot was, with its times (`cp -p`).
   * @throws HvError SAVE_INVALID for what is no snapshot, is damaged, or does not fit this host; FILE_FAILED; as `create`
   */
  static restore(directory: string, options: RestoreOptions = {}): Machine {
    const snapshot = new SnapshotDirectory(takes.checked(takes.path, directory, 'directory'))
    const checked = takes.checked(restoreOptions, options, 'options')
    const own = restoredOptions(snapshot.manifest.machine, checked)
    return Machine.#make((streams) => new KernelMachine(own, streams, undefined, undefined, snapshot))
  }

  static #make(machineOf: (streams: KernelStreams) => KernelMachine): Machine {
    const stdin = new PassThrough()
    const stdout = new PassThrough({highWaterMark: UNREAD_BYTES})
    const input = new MachineInput(() => stdin)
    const output = new MachineOutput((bytes) => take(stdout, bytes))
    return new Machine(machineOf({input, output}), stdin, stdout)
  }

  /**
   * A stream to a port on which a program in the machine listens (AF_VSOCK): it emits `connect`, or an error such as ECONNREFUSED. It waits
   * until the kernel has the device.
   */
  connect(port: number): Duplex {
    return this.#machine.vsock.connect(checkPort(port))
  }

  /**
   * Calls `onStream` with each stream that a program in the machine opens to `port` of the host, CID 2.
   * @returns a function that stops listening @throws HvError BAD_ARGUMENT when something already listens there
   */
  listen(port: number, onStream: (stream: Duplex) => void): () => void {
    return this.#machine.vsock.listen(checkPort(port), onStream)
  }

  /** Resolves when the machine ends, by powering itself off or otherwise. @throws HvError BAD_KERNEL, KVM_UNUSABLE, HOST_SYSCALL */
  wait(): Promise<MachineResult> {
    return this.#end
  }

  /** Switches it off; `signal` is then SIGKILL. */
  kill(): void {
    this.#machine.stop({exitCode: null, signal: SIGKILL, timedOut: false})
  }

  /**
   * Makes it stand still: its CPUs run no instruction from when this resolves until {@link resume}. Devices finish what the kernel has asked
   * of them, and take in what comes from outside as long as the kernel has given them room. Its clocks go on, as if its CPUs had been busy
   * elsewhere, and so does `timeoutMs`. A machine with a debugger can be paused, too. On one that is paused, or has ended, it has no effect.
   */
  pause(): Promise<void> {
    return this.#machine.pause()
  }

  /** Ends a pause, however often {@link pause} was called. Without one it has no effect. */
  resume(): void {
    this.#machine.resume()
  }

  /**
   * Writes an ELF core file of it (src/machine/debug/README.md): it stands still meanwhile, and then goes on as before. This thread does
   * nothing else until all memory that the machine has used is written, which may take seconds.
   * @param path a new file, which takes the place of a file of that name once it is whole; no symbolic link is followed
   * @throws HvError DISPOSED when it has ended; BAD_ARGUMENT when the file cannot be written
   */
  async dump(path: string): Promise<void> {
    const checked = takes.checked(takes.path, path, 'path')
    const write = (stopped: StoppedMachine): number => openCore(checked, (sink) => dumpMachine(stopped, sink))
    closeSync(await this.#machine.whileStopped(write))
  }

  /**
   * Writes all of it, standing still, to a new directory, for {@link restore}: memory (with holes where it is zero), CPUs, devices. It then
   * goes on; {@link pause} it before if its disks are to be copied. This thread does nothing else while memory is written. Disks are not
   * copied: the snapshot names them, with their size and the time of their last change (a block device: its size). Its sockets (AF_VSOCK)
   * are reset when it is restored, frames on their way to it are lost, and what was written to `stdin` and not read is not in it. A share
   * that is mounted is refused, and so is a device of your own without `save` and `restore`.
   * @param directory one that does not exist, or an empty one; no symbolic link is followed
   * @throws HvError BAD_ARGUMENT, FILE_FAILED; DISPOSED when the machine has ended
   */
  snapshot(directory: string): Promise<void> {
    return this.#machine.snapshot(takes.checked(takes.path, directory, 'directory'))
  }

  /**
   * Asks the kernel for memory: its balloon (virtio_balloon) takes as much, and the host has it until the target is lower. The kernel gives
   * what it can, and takes it back when it would otherwise kill a process; {@link stats} says what it has given. What the kernel has free
   * goes back to the host by itself, without a target.
   * @param bytes rounded down to pages of 4 KiB; at first 0
   * @throws HvError BAD_ARGUMENT for more than the machine has; DISPOSED when it has ended
   */
  setBalloon(bytes: number): void {
    this.#machine.setBalloon(takes.checked(takes.integer(0, Number.MAX_SAFE_INTEGER), bytes, 'bytes'))
  }

  /**
   * What it uses at the moment, and has done so far. The guest's kernel is asked, too, and may take half a second.
   * @throws HvError DISPOSED when it has ended; {@link wait} then gives the counts
   */
  stats(): Promise<MachineUsage> {
    return this.#machine.usage()
  }

  /**
   * A non-maskable interrupt to each CPU, as a server's button sends it. Linux reports it, or panics with `unknown_nmi_panic`. Not on arm64,
   * whose machines have none. A machine that is paused takes it when it goes on.
   * @throws HvError BAD_ARGUMENT on arm64; KVM_UNUSABLE; DISPOSED when the machine has ended
   */
  nmi(): Promise<void> {
    return this.#machine.nmi()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
    await this.#end.catch(() => {})
  }
}

async function runToEnd(machine: KernelMachine): Promise<MachineResult> {
  using running = machine
  running.load()
  return await running.run(true)
}

/** Takes bytes as write(2) to a pipe does. */
function take(stdout: PassThrough, bytes: Uint8Array): number {
  if (stdout.destroyed) throw Object.assign(new Error('the console is closed'), {code: 'EPIPE'})
  if (stdout.writableNeedDrain) throw Object.assign(new Error('the console is full'), {code: 'EAGAIN'})
  stdout.write(bytes)
  return bytes.length
}

function checkPort(port: number): number {
  return takes.checked(takes.integer(0, PORT_MAX), port, 'port')
}
