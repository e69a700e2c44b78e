// runKernel: a Linux kernel from its file to how it ended, on the VM API. What it finds in the machine: README.md.

import {type Exit, isAccess} from '../vm/exit.ts'
import type {Vcpu} from '../vm/vcpu.ts'
import {Vm} from '../vm/vm.ts'
import {Bus} from './bus.ts'
import {VirtioEntropy} from './devices/virtio-entropy.ts'
import {failed} from './failed.ts'
import {isTaken} from './is-taken.ts'
import type {PlacedDevice} from './kernel.ts'
import {KernelFile} from './kernel-file.ts'
import {KernelResources} from './kernel-resources.ts'
import {machine} from './machine.ts'
import {plugVirtio} from './plug-virtio.ts'
import type {BareResult, MachineStreams} from './run-bare.ts'
import {MachineInput, MachineOutput} from './streams.ts'
import type {VirtioMmio} from './virtio/mmio.ts'
import type {DeviceModel} from './virtio/model.ts'

/** Backed lazily: it costs what the machine touches. */
export const MEMORY_BYTES = 512 * 2 ** 20
const STDOUT = 1
const SIGPIPE = 13
/** While so much waits for a slow reader, the vCPUs do. */
const CONGESTED_BYTES = 2 ** 16

export interface KernelOptions {
  /** Host path. */
  kernel: string
  /** Host path of an initramfs or an initrd. */
  initrd?: string
  /** Kernel parameters, behind hv's own. */
  append?: string
  /** Default: 1. */
  cpus?: number
  /** Default: 512 MiB. */
  memoryBytes?: number
  disks?: readonly DiskOptions[]
  shares?: readonly ShareOptions[]
  /** Milliseconds until the machine is stopped; default: never. */
  timeoutMs?: number
  /**
   * Called when the machine is made, before a byte of the kernel is read.
   * @param roots descriptors of the directories that it shares
   */
  onMade?: (roots: readonly {fd: number; isWritable: boolean}[]) => void
}

/** A raw image, or a block device, of the host's. */
export interface DiskOptions {
  path: string
  readOnly: boolean
}

/** A directory of the host's, for `mount -t virtiofs TAG DIRECTORY`. */
export interface ShareOptions {
  path: string
  tag: string
  readOnly: boolean
  /** By 9P instead: `mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 TAG DIRECTORY`. */
  is9p?: boolean
}

/** @throws HvError */
export async function runKernel(options: KernelOptions, streams: MachineStreams = {}): Promise<BareResult> {
  const started = performance.now()
  const {cpus = 1, memoryBytes = MEMORY_BYTES, timeoutMs} = options
  using kernelFile = new KernelFile(options.kernel, 'kernel')
  using initrdFile = options.initrd === undefined ? undefined : new KernelFile(options.initrd, 'initrd')
  using resources = new KernelResources()
  const models = [new VirtioEntropy(), ...resources.disks(options.disks), ...resources.shares(options.shares)]
  using vm = Vm.create({memoryBytes, memoryBase: machine.memoryBase, irqchip: true})
  const vcpus = Array.from({length: cpus}, (_, index) => vm.createVcpu(machine.vcpuOptions(index)))

  const run = new KernelRun(vm, vcpus, models, streams)
  const commandLine = [machine.commandLine, options.append].filter(Boolean).join(' ')
  options.onMade?.(resources.roots)
  const [kernel, initrd] = [kernelFile.read(), initrdFile?.read()]
  machine.startLinux({vm, vcpus, kernel, initrd, commandLine, devices: run.devices})
  const loaded = performance.now()

  const timer = timeoutMs === undefined ? undefined : setTimeout(() => run.timeOut(), timeoutMs)
  try {
    const end = await run.toEnd()
    const ended = performance.now()
    return {...end, stats: {...run.stats, loadNs: (loaded - started) * 1e6, runNs: (ended - loaded) * 1e6}}
  } finally {
    clearTimeout(timer)
    run.close()
  }
}

type End = Omit<BareResult, 'stats'>

class KernelRun {
  readonly stats: BareResult['stats'] = {exits: 0, portExits: 0, memoryExits: 0, unclaimed: 0}
  readonly devices: readonly PlacedDevice[]
  readonly #virtio: readonly VirtioMmio[]
  readonly #vcpus: readonly Vcpu[]
  readonly #input: MachineInput
  readonly #output: MachineOutput
  readonly #bus: Bus
  readonly #exitStatus: () => number | undefined
  #end: End | undefined
  #flushed: Promise<void> | undefined

  constructor(vm: Vm, vcpus: readonly Vcpu[], models: readonly DeviceModel[], streams: MachineStreams) {
    this.#vcpus = vcpus
    this.#input = new MachineInput(streams.input ?? (() => process.stdin))
    this.#output = streams.output ?? MachineOutput.toDescriptor(STDOUT)
    const {placed, all, exitStatus} = machine.makeKernelDevices(vm, {
      input: this.#input,
      output: this.#output,
    })
    const plugged = plugVirtio(vm, machine.virtio, models)
    this.devices = [...placed, ...plugged.map((each) => each.placed)]
    this.#virtio = plugged.map(({device}) => device)
    this.#exitStatus = exitStatus
    this.#output.onPut(() => this.#hasOutput())
    this.#bus = new Bus([...all, ...this.#virtio], () => this.stats.unclaimed++)
  }

  timeOut(): void {
    this.#stop({exitCode: null, signal: null, timedOut: true})
  }

  close(): void {
    for (const device of this.#virtio) device.reset()
    this.#input.close()
  }

  async toEnd(): Promise<End> {
    await Promise.all(this.#vcpus.map((vcpu) => this.#runOne(vcpu)))
    await this.#flushed
    return this.#end!
  }

  get #isCongested(): boolean {
    return this.#output.length > CONGESTED_BYTES
  }

  /** There is output: what comes in this turn of the event loop goes out together. */
  #hasOutput(): void {
    this.#flushed ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#flush())
    // Stores that are posted end no run by themselves.
    if (this.#isCongested) this.#interrupt()
  }

  async #flush(): Promise<void> {
    while (!this.#output.isEmpty) {
      if (!(await isTaken(this.#output))) this.#stop({exitCode: null, signal: SIGPIPE, timedOut: false})
    }
    this.#flushed = undefined
  }

  async #runOne(vcpu: Vcpu): Promise<void> {
    try {
      while (this.#end === undefined) {
        const exit = await vcpu.runAsync()
        this.stats.exits++
        this.#handle(exit, vcpu)
        if (this.#isCongested) await this.#flushed
      }
    } catch (error) {
      // One that cannot go on ends them all.
      this.#stop({exitCode: null, signal: null, timedOut: false})
      throw error
    }
  }

  #handle(exit: Exit, vcpu: Vcpu): void {
    if (isAccess(exit)) {
      this.stats[exit.kind === 'io' ? 'portExits' : 'memoryExits']++
      this.#bus.handle(exit)
      const status = this.#exitStatus()
      if (status !== undefined) this.#stop({exitCode: status, signal: null, timedOut: false})
      return
    }
    switch (exit.kind) {
      case 'interrupted':
      case 'halt':
        return
      case 'shutdown':
        this.#stop({exitCode: machine.statusOf(exit.reason), signal: null, timedOut: false})
        return
      case 'hypercall':
        exit.result = NOT_SUPPORTED
        return
      case 'fail-entry':
        throw failed(`the processor refuses the kernel's state: 0x${exit.hardwareReason.toString(16)}`)
      case 'internal-error': {
        const at = `0x${vcpu.registers.get(machine.programCounter).toString(16)}`
        throw failed(`KVM cannot go on behind address ${at}: internal error ${exit.suberror}`, '')
      }
    }
  }

  #stop(end: End): void {
    this.#end ??= end
    this.#interrupt()
  }

  #interrupt(): void {
    for (const vcpu of this.#vcpus) vcpu.interrupt()
  }
}

/** SMC Calling Convention: -1. */
const NOT_SUPPORTED = 2n ** 64n - 1n
