// KernelMachine: a machine with a Linux kernel, made, loaded and run; what the kernel finds in it: README.md.

import {SIGKILL} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import {badArgument, HvError} from '../../errors.ts'
import {defectOf} from '../../vm/save/save.ts'
import {KernelFile} from '../boot/kernel-file.ts'
import {type Source, sourceOf} from '../boot/source.ts'
import type {Device} from '../bus.ts'
import type {Debugger, End} from '../debug/debugging.ts'
import type {StoppedMachine} from '../debug/dump-machine.ts'
import {traceExits} from '../debug/trace-exits.ts'
import {VirtioBalloon} from '../devices/virtio-balloon.ts'
import {VirtioEntropy} from '../devices/virtio-entropy.ts'
import {VirtioVsock} from '../devices/virtio-vsock.ts'
import {machine} from '../host-machine.ts'
import {type MachineResult, nowNs} from '../machine-result.ts'
import {type Pause, Pauses} from '../pauses.ts'
import {type SnapshotDirectory, writeSnapshot} from '../snapshot/directory.ts'
import type {DeviceModel} from '../virtio/model.ts'
import {consoleOf, type KernelConsole} from './console-of.ts'
import {type KernelOptions, MEMORY_BYTES} from './kernel-options.ts'
import {KernelResources} from './kernel-resources.ts'
import {KernelRun, type KernelStreams} from './kernel-run.ts'
import type {MachineUsage} from './machine-usage.ts'
import {makeVm} from './make-vm.ts'
import {requireSavable, sortDevices} from './own-devices.ts'
import {requireFit, savedMachine, untilIdle} from './saved-machine.ts'
import {UsageMeter} from './usage-meter.ts'

/** What a machine has besides what its user gives it. */
export interface KernelExtras {
  readonly models: readonly DeviceModel[]
  /** Replaces the user's; called when the kernel is read. */
  readonly initrd: () => Uint8Array
}

export class KernelMachine implements Disposable {
  readonly vsock = new VirtioVsock()
  readonly balloon = new VirtioBalloon()
  /**
   * Called with the machine if it does not end with status 0, while all of it stands still. Set it before `run`.
   * `end`: how it ended; absent when it failed.
   */
  onDead: ((dead: StoppedMachine, end: End | undefined) => void) | undefined
  /** Gets a line for each exit of its first boot: Vm.trace. Set it before `run`. */
  traceLine: ((line: string) => void) | undefined
  readonly #options: KernelOptions
  readonly #memoryBytes: number
  readonly #streams: KernelStreams
  readonly #console: KernelConsole
  readonly #extras: KernelExtras | undefined
  readonly #beginNs = nowNs()
  readonly #resources = new KernelResources()
  readonly #files: readonly (KernelFile | undefined)[] = []
  readonly #models: readonly DeviceModel[]
  /** Its owner's. */
  readonly #onBus: readonly Device[]
  readonly #meter: UsageMeter
  readonly #pauses = new Pauses()
  #pause: Pause | undefined
  #run: KernelRun
  #initrd: Source | undefined
  #loadNs = 0
  readonly #isRestored: boolean
  #timer: NodeJS.Timeout | undefined
  #isDisposed = false

  /**
   * Opens the machine's files, and reads none.
   * @param debug how its first boot is debugged
   * @param snapshot its first boot goes on from there
   * @throws HvError
   */
  constructor(
    options: KernelOptions,
    streams: KernelStreams,
    debug?: Debugger,
    extras?: KernelExtras,
    snapshot?: SnapshotDirectory,
  ) {
    const {kernel, initrd} = options
    this.#options = options
    this.#memoryBytes = options.memoryBytes ?? MEMORY_BYTES
    this.#streams = streams
    this.#console = consoleOf(options.console, streams)
    this.#extras = extras
    this.#isRestored = snapshot !== undefined
    const resources = this.#resources
    try {
      const open = (path: string | undefined, what: string): KernelFile | undefined =>
        path === undefined ? undefined : resources.use(new KernelFile(path, what))
      // A kernel that runs is read again only when it resets the machine.
      if (snapshot === undefined || options.reboots)
        this.#files = [open(kernel, 'kernel'), open(initrd, 'initrd')]
      const disks = resources.disks(options.disks, snapshot?.manifest.machine.disks)
      const shares = resources.shares(options.shares)
      const own = [new VirtioEntropy(), this.vsock, this.balloon, ...(extras?.models ?? [])]
      const cards = resources.cards(options.network)
      this.#meter = new UsageMeter({balloon: this.balloon, disks, networks: cards})
      const {models, onBus} = sortDevices(options.devices)
      this.#models = [...own, ...this.#console.models, ...cards, ...disks, ...shares, ...models]
      this.#onBus = onBus
      this.#run = snapshot === undefined ? this.#make() : this.#remake(snapshot)
      const {vm, vcpus} = this.#run
      const kill = (): void => this.stop({exitCode: null, signal: SIGKILL, timedOut: false})
      this.#run.debugging = debug?.({vcpus, memory: vm.memory, kill})
    } catch (error) {
      resources[Symbol.dispose]()
      throw error
    }
  }

  /** Descriptors of the directories that it shares. */
  get roots(): readonly {fd: number; isWritable: boolean}[] {
    return this.#resources.roots
  }

  /** Reads the kernel into memory, if it is not there yet. Its time begins. Call it once. @throws HvError BAD_KERNEL, HOST_SYSCALL */
  load(): void {
    const {timeoutMs} = this.#options
    const stop = (): void => this.stop({exitCode: null, signal: null, timedOut: true})
    this.#timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs)
    this.#initrd = this.#extras ? sourceOf(this.#extras.initrd()) : this.#files[1]
    if (!this.#isRestored) this.#loadKernel()
    this.#loadNs = nowNs() - this.#beginNs
  }

  /** To its end. Call it once, after `load`. @param measuresMemory for `stats`: takes time @throws HvError BAD_KERNEL, HOST_SYSCALL */
  async run(measuresMemory: boolean): Promise<MachineResult> {
    const bootNs = nowNs()
    let end = await this.#firstBoot()
    while (this.#run.wasReset && this.#options.reboots) {
      // Its devices keep their resources.
      this.#run[Symbol.dispose]()
      this.#run = this.#make()
      this.#loadKernel()
      end = await this.#boot()
    }
    if (end.exitCode !== 0) this.#died(end)
    const stats = this.#meter.stats(measuresMemory ? this.#run.vm : undefined)
    return {...end, stats: {...stats, loadNs: this.#loadNs, runNs: nowNs() - bootNs}}
  }

  /** Does not wait for its output to be read. A machine that has ended stays as it is. */
  stop(end: End): void {
    if (this.#isDisposed) return
    this.#streams.output.hurry()
    this.#run.stop(end)
  }

  /** Resolves when all vCPUs stand still, until `resume`; a machine that boots again meanwhile does not begin. */
  async pause(): Promise<void> {
    if (this.#isDisposed) return
    this.#pause ??= this.#pauses.begin()
    const pause = this.#pause
    await pause.settled
    if (this.#pause === pause) for (const vcpu of this.#run.vcpus) machine.tellOfPause(vcpu)
  }

  resume(): void {
    this.#pause?.[Symbol.dispose]()
    this.#pause = undefined
  }

  /**
   * Calls `look` with the machine, whose vCPUs stand still until it returns, or its promise resolves; it then goes on as before.
   * @throws HvError DISPOSED when it has ended
   */
  async whileStopped<Result>(look: (stopped: StoppedMachine) => Result | Promise<Result>): Promise<Result> {
    if (this.#isDisposed) throw hasEnded()
    using pause = this.#pauses.begin()
    await pause.settled
    if (this.#isDisposed) throw hasEnded()
    const result = await look(this.#stopped(0))
    for (const vcpu of this.#run.vcpus) machine.tellOfPause(vcpu)
    return result
  }

  /** Writes a snapshot, as a new directory; the machine then goes on. @throws HvError BAD_ARGUMENT, FILE_FAILED, DISPOSED, VCPU_FAILED */
  async snapshot(directory: string): Promise<void> {
    if (this.#isDisposed) throw hasEnded()
    if (this.#run.debugging !== undefined) {
      const message = 'a machine with a debugger is not saved: its breakpoints are in memory'
      throw badArgument(message, 'run it without')
    }
    requireSavable(this.#options.devices)
    await this.whileStopped(async () => {
      await untilIdle(this.#models)
      if (this.#isDisposed || this.#run.hasEnded) throw hasEnded()
      const devices = this.#run.save()
      const saved = savedMachine(this.#options, this.#resources.savedDisks())
      writeSnapshot(directory, this.#run.vm, {machine: saved, devices})
    })
  }

  /** @throws HvError DISPOSED */
  async usage(): Promise<MachineUsage> {
    const guest = await this.balloon.statistics()
    if (this.#isDisposed) throw hasEnded()
    return {...this.#meter.usage(this.#run.vm, this.#memoryBytes), ...(guest && {guest})}
  }

  /** @throws HvError BAD_ARGUMENT, DISPOSED */
  setBalloon(bytes: number): void {
    if (this.#isDisposed) throw hasEnded()
    if (bytes > this.#memoryBytes) throw badArgument('the machine has less memory than that')
    this.balloon.targetBytes = bytes
  }

  /** Sends each vCPU an NMI. x86_64. @throws HvError BAD_ARGUMENT, KVM_UNUSABLE, DISPOSED */
  async nmi(): Promise<void> {
    if (arch.name !== 'x86_64') throw badArgument('a machine of arm64 has no NMI', 'write a core, or use gdb')
    await this.whileStopped(({vcpus}) => {
      for (const vcpu of vcpus) vcpu.nmi()
    })
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    this.resume()
    clearTimeout(this.#timer)
    this.#run[Symbol.dispose]()
    this.#streams.input.close()
    this.#resources[Symbol.dispose]()
    this.vsock.close()
  }

  #make(): KernelRun {
    const {vm, highMemory} = makeVm(this.#memoryBytes, this.#options.cpus ?? 1)
    try {
      const parts = {vm, highMemory, vcpus: vm.vcpus, pauses: this.#pauses, onBus: this.#onBus}
      return new KernelRun(parts, this.#models, this.#console.serial)
    } catch (error) {
      vm[Symbol.dispose]()
      throw error
    }
  }

  /** @throws HvError SAVE_INVALID, FILE_FAILED; as Vm.restore */
  #remake(snapshot: SnapshotDirectory): KernelRun {
    const vm = snapshot.restoreVm()
    try {
      const {vcpus} = vm
      const highMemory = requireFit(vm, snapshot.manifest.machine)
      const parts = {vm, highMemory, vcpus, pauses: this.#pauses, onBus: this.#onBus}
      const run = new KernelRun(parts, this.#models, this.#console.serial)
      run.restore(snapshot.manifest.devices)
      for (const vcpu of vcpus) machine.tellOfPause(vcpu)
      return run
    } catch (error) {
      vm[Symbol.dispose]()
      throw defectOf(error)
    }
  }

  #loadKernel(): void {
    const {vm, highMemory, vcpus, devices} = this.#run
    const kernel = this.#files[0]!
    const {append = '', console = 'serial'} = this.#options
    const commandLine = [machine.consoles[console], machine.commandLine, append].filter(Boolean).join(' ')
    machine.startLinux({vm, highMemory, vcpus, kernel, initrd: this.#initrd, commandLine, append, devices})
  }

  async #firstBoot(): Promise<End> {
    const trace = this.traceLine && traceExits(this.#run.vm, this.traceLine)
    try {
      return await this.#boot()
    } finally {
      trace?.[Symbol.dispose]()
    }
  }

  async #boot(): Promise<End> {
    this.#meter.begin(this.#run)
    const end = await this.#run.toEnd().catch((error) => {
      this.#died()
      throw error
    })
    this.#meter.end()
    return end
  }

  #died(end?: End): void {
    this.onDead?.(this.#stopped(end?.signal ?? this.#run.failure), end)
  }

  #stopped(signal: number): StoppedMachine {
    const {vcpus, highMemory, vm} = this.#run
    const {memory} = vm
    const pieces = [{address: memory.base, bytes: memory.size}, ...(highMemory ? [highMemory] : [])]
    return {vcpus, memory, pieces, signal}
  }
}

const hasEnded = (): HvError => new HvError('DISPOSED', 'the machine has ended', 'do so while it runs')
