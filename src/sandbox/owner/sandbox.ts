// Sandbox: one guest in a process or a thread of its own, for the process that embeds it.

import type {PublishedPort} from '../../broker/published-port.ts'
import {HvError} from '../../errors.ts'
import type {JailLayer} from '../../jail/layer.ts'
import {requireMade} from '../../options.ts'
import type {ChosenPlatform} from '../../platform/choice.ts'
import type {SandboxPort} from '../../sentry/outside/net/sandbox-port.ts'
import type {ProcessInfo, SandboxUsage} from '../../sentry/outside/usage.ts'
import type {TraceEvent} from '../../sentry/trace/event.ts'
import {SandboxFiles} from './files/sandbox-files.ts'
import type {SandboxEndpoint, SandboxNetRules, SandboxWaitOptions} from './net/net-options.ts'
import {toEndpoint, toWait} from './net/net-settings.ts'
import {OwnBroker} from './net/own-broker.ts'
import type {SandboxSocket} from './net/sandbox-socket.ts'
import type {
  SandboxOptions,
  SandboxResult,
  SandboxRunOptions,
  SandboxSpawnOptions,
  SandboxTraceOptions,
} from './options.ts'
import {ProgramRuns, type ProgramSource} from './program-runs.ts'
import {RemoteSentry} from './remote-sentry.ts'
import {toSettings, toSpawnRequest, toTraceOptions} from './requests.ts'
import {type SandboxEvents, SandboxListeners} from './sandbox-events.ts'
import {SandboxProcess} from './sandbox-process.ts'
import {SentryProcess} from './sentry-process.ts'
import {ProgramStreams} from './streams/program-streams.ts'

/**
 * A file tree and memory in which programs run, one after another or several at once: call `spawn` or `run` again before the first has
 * ended. Programs leave their files to the others; those in `root` and /tmp stay in memory for the sandbox's life. Programs that run at
 * once are processes of one system: they see each other in /proc, and may talk, signal and lock as their user may. Each has its own
 * streams, time-out, end and counters. When it ends, everything that it started ends too, daemons included, and the others go on.
 *
 * The caller's thread never blocks. Sandboxes are independent of each other, and nothing that a guest does ends or blocks this process. An
 * idle sandbox does not keep the process alive.
 *
 * @example
 * await using sandbox = await Sandbox.create({volumes: [{host: '/etc', guest: '/data'}]})
 * const {exitCode, stdout} = await sandbox.run('/bin/busybox', ['head', '-c', '4', '/data/passwd'])
 * console.log(exitCode, stdout) // 0 root
 */
export class Sandbox {
  /** The guest's files, to be read and written from here. */
  readonly files: SandboxFiles
  readonly #sentry: RemoteSentry
  readonly #programs: ProgramRuns
  /** Of what its programs reach outside. */
  readonly #broker: OwnBroker
  #disposal: Promise<void> | undefined
  readonly #listeners = new SandboxListeners()
  #isWatchingPorts = false

  private constructor(sentry: RemoteSentry, source: ProgramSource, broker: OwnBroker) {
    requireMade(source, 'Sandbox')
    this.#broker = broker
    this.files = new SandboxFiles(sentry.files)
    this.#sentry = sentry
    this.#programs = new ProgramRuns(source, sentry, broker, this.#listeners)
  }

  /**
   * Opens the VM and the tree.
   * @throws HvError BAD_ARGUMENT, NOT_FOUND, HOST_SYSCALL, MEMORY_SIZE, KVM_MISSING, KVM_DENIED, KVM_UNUSABLE,
   * PTRACE_UNUSABLE, JAIL_INCOMPLETE, SANDBOX_DIED
   *
   * @example
   * await using sandbox = await Sandbox.create({memoryBytes: 64 << 20, cpus: 1})
   * console.log((await sandbox.run('/bin/busybox', ['nproc'])).stdout) // 1
   */
  static create(options: SandboxOptions = {}): Promise<Sandbox> {
    return Sandbox.createIn(() => new SentryProcess(options.jail !== 'none'), options)
  }

  /** @internal For SandboxPool. */
  static async createIn(
    takeProcess: () => SentryProcess,
    options: SandboxOptions,
    warmsUp = false,
  ): Promise<Sandbox> {
    const {isolation, settings, netRules, onConnect, ...handlers} = toSettings(options)
    const {root, image, maxConnections} = settings
    const broker = new OwnBroker(netRules, {maxConnections, onConnect})
    const all = {...settings, ...(warmsUp && {warmsUp}), ...broker.settings}
    const place = () => (isolation === 'thread' ? 'thread' : takeProcess())
    const sentry = await broker.orClose(async () => RemoteSentry.start(place(), all, handlers))
    return new Sandbox(sentry, image !== undefined ? 'image' : root !== undefined ? 'root' : 'host', broker)
  }

  /** @throws HvError DISPOSED */
  get #usableBroker(): OwnBroker {
    if (this.#disposal !== undefined) throw new HvError('DISPOSED', 'the sandbox is disposed')
    return this.#broker
  }

  /** @internal For SandboxPool. */
  get isUsable(): boolean {
    return this.#sentry.isUsable
  }

  /** What runs its guests. @see {@link ChosenPlatform} */
  get platform(): ChosenPlatform {
    return this.#sentry.platform
  }

  /** What its process has given up, and what this host refused to take from it. Empty: it has no jail. @see {@link JailLayer} */
  get jail(): readonly JailLayer[] {
    return this.#sentry.jail
  }

  /**
   * Runs a program to its end. It starts at once, beside those that already run: 64 at most.
   * @param program With `root` or `image`, a guest path or a bare name to look up in the guest's PATH; without them, a path of this host.
   * undefined, with `image`: its entry point.
   * @param args The arguments after argv[0], which is `program`. For an entry point they replace the image's.
   * @throws HvError BAD_ARGUMENT, NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, NO_INTERPRETER, OUT_OF_MEMORY; SANDBOX_FULL when 64 run, or there are
   * `maxTasks` processes; DISPOSED when the sandbox is; VCPU_FAILED, SANDBOX_FAILED, after which it is unusable: a bug of hv's, or its
   * sentry did not stop the guest within a second of being told to, or of the end of its time
   * @throws AbortError when `options.signal` aborts; what a handler of `onSyscall` or a stream as `stdin` throws. The guest is stopped by
   * then, and the sandbox stays usable
   *
   * @example
   * const {exitCode, stdout} = await sandbox.run('/bin/busybox', ['wc', '-c'], {stdin: 'hello', timeoutMs: 60_000})
   * console.log(exitCode, stdout) // 0 5
   */
  run(
    program: string | undefined,
    args: readonly string[] | undefined,
    options: SandboxRunOptions & {encoding: 'buffer'},
  ): Promise<SandboxResult<Uint8Array>>
  run(program?: string, args?: readonly string[], options?: SandboxRunOptions): Promise<SandboxResult>
  run(
    program?: string,
    args: readonly string[] = [],
    options: SandboxRunOptions = {},
  ): Promise<SandboxResult<string | Uint8Array>> {
    return this.#programs.toEnd(program, args, options)
  }

  /**
   * Starts a program, beside those that already run, with streams that can be read and written while it runs.
   * @param program as of `run`
   * @throws HvError BAD_ARGUMENT. {@link SandboxProcess.wait} rejects with everything else that `run` throws.
   *
   * @example
   * const child = sandbox.spawn('/bin/busybox', ['tr', 'a-z', 'A-Z'])
   * child.stdin.end('hello')
   * for await (const chunk of child.stdout) console.log(chunk.toString()) // HELLO
   * console.log((await child.wait()).exitCode) // 0
   *
   * @example
   * const script = 'read key; stty size'
   * const shell = sandbox.spawn('/bin/busybox', ['sh', '-c', script], {pty: {columns: 120, rows: 40}})
   * shell.resize({columns: 80, rows: 24})
   * shell.stdin.write('typed\n')
   * for await (const line of shell) console.log(line) // typed, 24 80
   */
  spawn(program?: string, args: readonly string[] = [], options: SandboxSpawnOptions = {}): SandboxProcess {
    const request = toSpawnRequest(program, args, options, this.#programs.source === 'image')
    const streams = new ProgramStreams(request.terminal !== undefined)
    return new SandboxProcess(streams, this.#programs.live(request, streams, options.signal))
  }

  /**
   * Tells `listener` of the system calls, signals and ends of programs: of those that run, from their next call on, and of all later ones.
   * A trace that is already on ends. Resolves when the new one is on.
   *
   * Events come in order and in batches, at most 20 ms late; when a run resolves, all its events have come. A guest that is some 2000
   * events ahead of the listener waits, even past its time-out: no event is lost, and memory stays bounded. What the listener throws is an
   * uncaught exception of this process.
   * @throws HvError BAD_ARGUMENT, and the trace that was on stays; DISPOSED
   *
   * @example
   * const options: SandboxTraceOptions = {calls: '/^mkdir', statuses: 'failed', stringLimit: 64}
   * await sandbox.startTrace((event) => event.type === 'syscall' && console.log(event.error), options) // EEXIST
   * await sandbox.run('/bin/busybox', ['mkdir', '/tmp'])
   */
  async startTrace(listener: (event: TraceEvent) => void, options: SandboxTraceOptions = {}): Promise<void> {
    await this.#sentry.trace(listener, toTraceOptions(listener, options))
  }

  /**
   * Resolves when the trace is off and all its events have come. Calls under way are reported as unfinished.
   * @throws HvError DISPOSED
   *
   * @example
   * await sandbox.startTrace((event) => console.log(event.type))
   * await sandbox.stopTrace()
   */
  async stopTrace(): Promise<void> {
    await this.#sentry.trace(undefined, undefined)
  }

  /**
   * What the sandbox uses at the moment, whether programs run or not. @throws HvError DISPOSED, SANDBOX_DIED, SANDBOX_FAILED
   *
   * @example
   * const {memoryBytes, maxMemoryBytes, tasks, cpuMs} = await sandbox.stats()
   * console.log(memoryBytes < maxMemoryBytes, tasks, cpuMs >= 0) // true 0 true
   */
  async stats(): Promise<SandboxUsage> {
    return (await this.#sentry.usage('stats')).stats!
  }

  /**
   * The processes that the sandbox has at the moment, by pid: the first 2048. @throws HvError as `stats`
   *
   * @example
   * const child = sandbox.spawn('/bin/busybox', ['sh', '-c', 'echo ready; sleep 100 & wait'])
   * for await (const line of child) if (line === 'ready') break
   * for (const {pid, parentPid, command} of await sandbox.processes()) console.log(pid, parentPid, command)
   * child.kill('SIGKILL')
   */
  async processes(): Promise<ProcessInfo[]> {
    return (await this.#sentry.usage('processes')).processes!
  }

  /**
   * Connects to a program that listens in the sandbox: a port of its loopback interface, or a UNIX socket. No port of this host is
   * involved. The socket does what `http`, `undici`, `pg` and `tls` ask of a net.Socket, and has errors as such: ECONNREFUSED. Nobody
   * decides in between: a program that listens is reached, whatever `pledge` says.
   * @throws HvError BAD_ARGUMENT; with everything else, SANDBOX_FULL beyond `maxConnections` and DISPOSED, the socket is destroyed
   *
   * @example
   * import {once} from 'node:events'
   * import {get} from 'node:http'
   * const server = sandbox.spawn('/bin/busybox', ['httpd', '-f', '-p', '8080', '-h', '/'])
   * await sandbox.files.write('/hello', 'hello')
   * await sandbox.waitForPort(8080)
   * const request = get('http://guest/hello', {createConnection: () => sandbox.connect(8080)})
   * const [response] = await once(request, 'response')
   * for await (const chunk of response) console.log(chunk.toString()) // hello
   * server.kill()
   */
  connect(to: number | SandboxEndpoint): SandboxSocket {
    const endpoint = toEndpoint(to)
    return this.#sentry.connections.connect(endpoint.to, endpoint.allowHalfOpen)
  }

  /**
   * Replaces `net.allow` and `net.deny` from now on, also for programs that run; what is left out allows, or denies, nothing. Connections
   * to the outside that the new rules do not allow are reset: programs see ECONNRESET. A name's connection is judged by the names that led
   * to its address when it began. `net.serve`, `net.onConnect` and published ports stay as they are: rules are about what programs begin.
   * @throws HvError BAD_ARGUMENT, and the old rules stay: also if the sandbox was created without `net.allow`; DISPOSED
   *
   * @example
   * await using sandbox = await Sandbox.create({net: {allow: []}})
   * const args = ['wget', 'http://host.internal:9/']
   * console.log((await sandbox.run('/bin/busybox', args)).neededRules) // [ 'host.internal' ]
   * sandbox.setNet({allow: ['host.internal:9']})
   * console.log((await sandbox.run('/bin/busybox', args)).neededRules) // undefined
   */
  setNet(rules: SandboxNetRules): void {
    this.#usableBroker.setRules(rules)
  }

  /**
   * The ports at which programs can be reached: TCP sockets that listen, UDP sockets that are bound. 4,096 at most.
   * @throws HvError as `stats`
   *
   * @example
   * const server = sandbox.spawn('/bin/busybox', ['nc', '-ll', '-p', '8080', '-e', 'cat'])
   * await sandbox.waitForPort(8080)
   * for (const {protocol, port, pid} of await sandbox.ports()) console.log(protocol, port, pid === server.pid) // tcp 8080 true
   * server.kill()
   */
  ports(): Promise<SandboxPort[]> {
    return this.#sentry.ports.list()
  }

  /**
   * Opens a port of this host that leads to a port of programs, as `net.publish` does. @returns the port that is open
   * @throws HvError BAD_ARGUMENT: also for a busy port, and without `net.allow` and `net.publish` at the start; HOST_SYSCALL; DISPOSED
   *
   * @example
   * await using sandbox = await Sandbox.create({net: {allow: []}})
   * const port = sandbox.publish('0:8080')
   * console.log(port.address, port.guestPort) // 127.0.0.1 8080
   * sandbox.unpublish(port)
   * console.log(sandbox.published) // []
   */
  publish(entry: string): PublishedPort {
    return this.#usableBroker.publish(entry)
  }

  /**
   * Closes one of {@link Sandbox.published}, and resets what came by it: ECONNRESET. @throws HvError BAD_ARGUMENT; DISPOSED
   */
  unpublish(port: PublishedPort): void {
    this.#usableBroker.unpublish(port)
  }

  /**
   * The ports of this host that lead to ports of programs, as they are open: of `net.publish`, then of {@link Sandbox.publish}.
   *
   * @example
   * await using sandbox = await Sandbox.create({net: {publish: ['0:8080']}})
   * for (const {address, hostPort, guestPort} of sandbox.published) console.log(address, hostPort > 0, guestPort) // 127.0.0.1 true 8080
   */
  get published(): readonly PublishedPort[] {
    return this.#broker.published
  }

  /**
   * Resolves once a program listens at a TCP port, at once if one does already.
   * @throws HvError BAD_ARGUMENT; TIMED_OUT after `timeoutMs`, also if the server has ended long before; as `stats`
   * @throws AbortError when `options.signal` aborts
   *
   * @example
   * const server = sandbox.spawn('/bin/busybox', ['httpd', '-f', '-p', '8080'])
   * const options: SandboxWaitOptions = {timeoutMs: 60_000, signal: AbortSignal.timeout(60_000)}
   * console.log((await sandbox.waitForPort(8080, options)).port) // 8080
   * server.kill()
   */
  async waitForPort(port: number, options: SandboxWaitOptions = {}): Promise<SandboxPort> {
    return this.#sentry.ports.waitFor(...toWait(port, options))
  }

  /**
   * Calls `listener` for each event, as an EventEmitter does. `exit`: a program that `run` or `spawn` started has ended. `oom`, `limit`: it
   * has reached a limit. Each limit is reported at once, and then at most once a second, with a count. `listen`: a program listens at a TCP
   * port; one that stops within 10 ms may not be reported.
   * @throws HvError BAD_ARGUMENT: there is no such event
   *
   * @example
   * sandbox.on('exit', ({program, exitCode}) => console.log(program, exitCode)) // /bin/busybox 1
   * sandbox.on('limit', ({program, limit, count}) => console.log(program, limit, count)) // e.g. /bin/busybox output 1
   * await sandbox.run('/bin/busybox', ['echo', 'hello'], {maxOutputBytes: 1})
   */
  on<Name extends keyof SandboxEvents>(name: Name, listener: (event: SandboxEvents[Name]) => void): this {
    this.#listeners.add(name, listener, false)
    this.#watchPorts(name)
    return this
  }

  /**
   * Like `on`, but for the next event only.
   *
   * @example
   * sandbox.once('exit', ({exitCode}) => console.log(exitCode)) // 0
   * for (const program of ['true', 'false']) await sandbox.run('/bin/busybox', [program])
   */
  once<Name extends keyof SandboxEvents>(name: Name, listener: (event: SandboxEvents[Name]) => void): this {
    this.#listeners.add(name, listener, true)
    this.#watchPorts(name)
    return this
  }

  /**
   * Removes a listener.
   *
   * @example
   * const listener = () => console.log('ended')
   * sandbox.on('exit', listener).off('exit', listener)
   */
  off<Name extends keyof SandboxEvents>(name: Name, listener: (event: SandboxEvents[Name]) => void): this {
    this.#listeners.remove(name, listener)
    return this
  }

  /**
   * Stops all programs, whose promises reject with DISPOSED, and frees everything. A second call returns the same promise.
   *
   * @example
   * const ended = sandbox.run('/bin/busybox', ['sleep', '100']).catch(({code}) => console.log(code)) // DISPOSED
   * await sandbox.dispose()
   * await ended
   */
  dispose(): Promise<void> {
    this.#disposal ??= this.#sentry.stop().finally(() => this.#broker.close())
    return this.#disposal
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /** Only for those who want to know. */
  #watchPorts(name: keyof SandboxEvents): void {
    if (name !== 'listen' || this.#isWatchingPorts) return
    this.#isWatchingPorts = true
    this.#sentry.ports.watch((port) => this.#listeners.tell('listen', port))
  }
}
