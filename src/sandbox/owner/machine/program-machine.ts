// ProgramMachine: a Linux kernel in a machine of its own, and the programs that run there, for the process that embeds it.

import {badArgument, HvError, printable} from '../../../errors.ts'
import type {KernelTree, ReadTree} from '../../../launch/kernel-tree.ts'
import type {MachineResult} from '../../../machine/machine-result.ts'
import type {MachineOrder} from '../../../machine/program/order.ts'
import {requireMade} from '../../../options.ts'
import type {RunRequest} from '../../protocol/messages.ts'
import {AbortError} from '../abort-error.ts'
import {SandboxFiles} from '../files/sandbox-files.ts'
import type {SandboxExit, SandboxResult, SandboxRunOptions, SandboxSpawnOptions} from '../options.ts'
import {toRequest, toSpawnRequest} from '../requests.ts'
import {SandboxProcess} from '../sandbox-process.ts'
import {textOf} from '../streams/text.ts'
import {KeptOutput} from './kept-output.ts'
import {type MachineFiles, machineFiles} from './machine-files.ts'
import {type MachineSettings, type ProgramMachineOptions, toMachineSettings} from './machine-options.ts'
import {type ProgramMachineParts, runInMachine} from './machine-program.ts'
import {MachineStreams} from './machine-streams.ts'
import type {ProgramHost} from './program-host.ts'
import type {StartedMachine} from './start-machine.ts'

/** What is loaded for the first machine. */
type MachineModule = typeof import('./loaded.ts')

/**
 * A machine with a Linux kernel of its own, in which programs run, several at once, as in a {@link Sandbox}: the same methods, options,
 * results and errors. Its kernel is Linux itself, so programs have all of its calls; disks, shares, network cards and devices are those of
 * a {@link Machine}. What a Sandbox takes to watch or bind calls, to carry connections (`net`) and to count CPU time, tasks, descriptors and
 * files is refused, `cpuTimeoutMs` of a program among it: a kernel of its own does all of that unseen. 32 programs run at once, at most;
 * what a program leaves behind is ended with it.
 *
 * `files` are of the tree that hv shows the machine: not /proc, /sys, /dev. Programs see what is written there a second later, at most.
 *
 * @example
 * await using machine = await ProgramMachine.create({kernel: '/boot/vmlinuz', root: '/srv/tree', memoryBytes: 256 << 20})
 * console.log((await machine.run('uname', ['-s'])).stdout) // Linux
 * const shell = machine.spawn('sh', [], {pty: {columns: 80, rows: 24}})
 * shell.stdin.end('exit 3\n')
 * console.log((await shell.wait()).exitCode, await machine.files.read('/etc/hostname')) // 3
 */
export class ProgramMachine implements ProgramHost {
  /** The tree's files, to be read and written from here. */
  readonly files: SandboxFiles
  readonly #tree: KernelTree
  readonly #parts: ProgramMachineParts
  readonly #orderOf: (request: RunRequest) => MachineOrder
  readonly #hasImage: boolean
  readonly #files: MachineFiles
  readonly #end: Promise<unknown>
  #isClosed = false
  #result: Omit<MachineResult, 'stats'> | undefined
  /** Called when the machine has ended. */
  readonly #ends = new Set<() => void>()

  private constructor(
    loaded: MachineModule,
    settings: MachineSettings,
    tree: KernelTree,
    running: StartedMachine & {read: ReadTree},
  ) {
    requireMade(tree, 'ProgramMachine')
    const {read, link, end} = running
    this.#tree = tree
    this.#hasImage = settings.image !== undefined
    this.#files = machineFiles(read, read.shown.user, () => this.#requireOpen())
    this.files = new SandboxFiles(this.#files.remote)
    this.#orderOf = loaded.orderer(settings, tree, read)
    this.#parts = {
      startTimeoutMs: settings.startTimeoutMs,
      start: (order, streams, onEnd, onStart) => {
        this.#requireOpen()
        const over = (): void => {
          this.#ends.delete(over)
          onEnd()
        }
        const program = link.start(order, streams, over, onStart)
        this.#ends.add(over)
        return program
      },
      endOf: (order, program) => {
        if (program.end === undefined && this.#isClosed) throw closed()
        const result = this.#result ?? {exitCode: null, signal: null, timedOut: false}
        return loaded.endOfProgram(order, program, result, tree.reason)
      },
    }
    this.#end = end.then(
      (result) => this.#ended(result),
      // Each program's end says that the machine's was none of its own.
      () => this.#ended({exitCode: null, signal: null, timedOut: false}),
    )
  }

  /**
   * Boots the kernel. Resolves when programs can run.
   * @throws HvError BAD_KERNEL, also when it takes longer than `startTimeoutMs`; BAD_ARGUMENT, NOT_FOUND, MEMORY_SIZE, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE, HOST_SYSCALL
   */
  static async create(options: ProgramMachineOptions): Promise<ProgramMachine> {
    const settings = toMachineSettings(options)
    const loaded = await import('./loaded.ts')
    const resolv = settings.network.length > 0 ? loaded.resolvConf() : undefined
    const tree = await loaded.KernelTree.open({...settings, resolv})
    try {
      const read = await tree.read()
      const started = await loaded.startMachine(tree, settings.startTimeoutMs)
      return new ProgramMachine(loaded, settings, tree, {read, ...started})
    } catch (error) {
      tree[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Runs a program to its end, beside those that already run: 32 at most. Parameters and result: as Sandbox.run.
   * @throws HvError BAD_ARGUMENT, NOT_FOUND, NOT_EXECUTABLE; SANDBOX_FULL; BAD_KERNEL: the machine has ended; SANDBOX_FAILED: it does not start
   * or end the program; DISPOSED. @throws AbortError
   */
  run(
    program: string | undefined,
    args: readonly string[] | undefined,
    options: SandboxRunOptions & {encoding: 'buffer'},
  ): Promise<SandboxResult<Uint8Array>>
  run(program?: string, args?: readonly string[], options?: SandboxRunOptions): Promise<SandboxResult>
  async run(
    program?: string,
    args: readonly string[] = [],
    options: SandboxRunOptions = {},
  ): Promise<SandboxResult<string | Uint8Array>> {
    const {request, encoding, input} = toRequest(program, args, options, this.#hasImage)
    const {Readable, promises} = process.getBuiltinModule('node:stream')
    const {stdin, maxOutputBytes} = request
    const outputs = [new KeptOutput(maxOutputBytes), new KeptOutput(maxOutputBytes)] as const
    const streams = new MachineStreams(false)
    const failing = new AbortController()
    const abort = (): void => failing.abort(options.signal?.reason)
    options.signal?.addEventListener('abort', abort, {once: true})
    let failure: {error: unknown} | undefined
    if (input === undefined) streams.stdin.end(stdin)
    else
      promises.pipeline(Readable.from(input, {objectMode: false}), streams.stdin).catch((error) => {
        failure = {error}
        failing.abort(error)
      })
    if (options.signal?.aborted) abort()
    try {
      const ends = {stdin: () => streams.stdin, stdout: outputs[0], stderr: outputs[1]}
      const exit = await this.#toEnd(request, {streams, ends}, failing.signal)
      const decode = async (kept: KeptOutput) => {
        const bytes = await kept.take()
        return encoding === 'buffer' ? bytes : textOf(bytes)
      }
      const [stdout, stderr] = [await decode(outputs[0]), await decode(outputs[1])]
      if (options.signal?.aborted) throw new AbortError(options.signal.reason, stdout, stderr)
      if (failure !== undefined) throw failure.error
      return {...exit!, stdout, stderr, outputTruncated: outputs.some(({isTruncated}) => isTruncated)}
    } finally {
      options.signal?.removeEventListener('abort', abort)
    }
  }

  /** Starts a program, beside those that already run. Parameters and result: as Sandbox.spawn. @throws HvError BAD_ARGUMENT */
  spawn(program?: string, args: readonly string[] = [], options: SandboxSpawnOptions = {}): SandboxProcess {
    const request = toSpawnRequest(program, args, options, this.#hasImage)
    const streams = new MachineStreams(request.terminal !== undefined)
    const live = async (): Promise<SandboxExit> => {
      const exit = await this.#toEnd(request, {streams, ends: streams.ends}, options.signal)
      if (options.signal?.aborted) throw new AbortError(options.signal.reason, '', '')
      return exit!
    }
    return new SandboxProcess(streams, live())
  }

  /** Ends all programs, whose promises reject with DISPOSED, and switches the machine off. */
  async dispose(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#files.remote.fail(closed())
      this.#tree.machine.stop({exitCode: null, signal: null, timedOut: false})
      await this.#end
      this.#files.close()
      this.#tree[Symbol.dispose]()
    }
    await this.#end
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #toEnd(
    request: RunRequest,
    streams: Parameters<typeof runInMachine>[2],
    signal: Parameters<typeof runInMachine>[3]['signal'],
  ): Promise<SandboxExit | undefined> {
    if (request.cpuTimeoutMs)
      throw badArgument('a machine does not count the CPU time of its programs', 'give `timeoutMs`')
    this.#requireOpen()
    return runInMachine(this.#parts, this.#orderOf(request), streams, {...request, signal})
  }

  #ended(result: Omit<MachineResult, 'stats'>): void {
    this.#result = result
    for (const end of this.#ends) end()
    this.#ends.clear()
  }

  /** @throws HvError */
  #requireOpen(): void {
    if (this.#isClosed) throw closed()
    if (this.#result === undefined) return
    const said = this.#tree.reason
    const message = `the machine has ended${said && `; its console said: ${printable(said)}`}`
    throw new HvError('BAD_KERNEL', message, 'create another one')
  }
}

const closed = (): HvError => new HvError('DISPOSED', 'the machine is closed', '')
