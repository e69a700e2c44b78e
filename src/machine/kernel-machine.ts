// KernelMachine: a machine with a Linux kernel, made, loaded and run; what the kernel finds in it: README.md.

import {SIGKILL} from '../abi/signal.ts'
import type {Vcpu} from '../vm/vcpu.ts'
import {Vm} from '../vm/vm.ts'
import type {Debugger, End} from './debug/debugging.ts'
import {VirtioEntropy} from './devices/virtio-entropy.ts'
import {VirtioVsock} from './devices/virtio-vsock.ts'
import {KernelFile} from './kernel-file.ts'
import type {KernelOptions} from './kernel-options.ts'
import {KernelResources} from './kernel-resources.ts'
import {KernelRun, type KernelStreams} from './kernel-run.ts'
import {machine} from './machine.ts'
import type {MachineResult} from './machine-result.ts'

/** Backed lazily: it costs what the machine touches. */
export const MEMORY_BYTES = 512 * 2 ** 20
const NS_PER_MS = 1e6

export class KernelMachine implements Disposable {
  readonly vsock = new VirtioVsock()
  readonly #options: KernelOptions
  readonly #begin = performance.now()
  readonly #resources = new KernelResources()
  readonly #files: readonly (KernelFile | undefined)[]
  readonly #vm: Vm
  readonly #vcpus: readonly Vcpu[]
  readonly #run: KernelRun

  /** Opens what it is made of, and reads none of it. @param debug how it is debugged @throws HvError */
  constructor(options: KernelOptions, streams: KernelStreams, debug?: Debugger) {
    const {cpus = 1, memoryBytes = MEMORY_BYTES, kernel, initrd} = options
    this.#options = options
    const resources = this.#resources
    try {
      this.#files = [
        resources.use(new KernelFile(kernel, 'kernel')),
        initrd === undefined ? undefined : resources.use(new KernelFile(initrd, 'initrd')),
      ]
      const disks = resources.disks(options.disks)
      const models = [new VirtioEntropy(), this.vsock, ...disks, ...resources.shares(options.shares)]
      this.#vm = resources.use(Vm.create({memoryBytes, memoryBase: machine.memoryBase, irqchip: true}))
      this.#vcpus = Array.from({length: cpus}, (_, index) => this.#vm.createVcpu(machine.vcpuOptions(index)))
      this.#run = resources.use(new KernelRun(this.#vm, this.#vcpus, models, streams))
      const kill = (): void => this.stop({exitCode: null, signal: SIGKILL, timedOut: false})
      this.#run.debugging = debug?.({vcpus: this.#vcpus, memory: this.#vm.memory, kill})
    } catch (error) {
      resources[Symbol.dispose]()
      throw error
    }
  }

  /** Descriptors of the directories that it shares. */
  get roots(): readonly {fd: number; isWritable: boolean}[] {
    return this.#resources.roots
  }

  /**
   * Reads the kernel and runs it; once.
   * @param onLoaded called when it is in memory, before its first instruction
   * @throws HvError BAD_KERNEL, HOST_SYSCALL
   */
  async run(onLoaded: () => void = () => {}): Promise<MachineResult> {
    const [kernel, initrd] = this.#files.map((file) => file?.read())
    const commandLine = [machine.commandLine, this.#options.append].filter(Boolean).join(' ')
    const {devices, stats} = this.#run
    machine.startLinux({vm: this.#vm, vcpus: this.#vcpus, kernel: kernel!, initrd, commandLine, devices})
    onLoaded()
    const loaded = performance.now()
    const {timeoutMs} = this.#options
    const stop = (): void => this.stop({exitCode: null, signal: null, timedOut: true})
    const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs)
    try {
      const end = await this.#run.toEnd()
      const runNs = (performance.now() - loaded) * NS_PER_MS
      return {...end, stats: {...stats, loadNs: (loaded - this.#begin) * NS_PER_MS, runNs}}
    } finally {
      clearTimeout(timer)
    }
  }

  stop(end: End): void {
    this.#run.stop(end)
  }

  [Symbol.dispose](): void {
    this.#resources[Symbol.dispose]()
    this.vsock.close()
  }
}
