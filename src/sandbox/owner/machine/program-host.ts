// ProgramHost: what a Sandbox and a ProgramMachine have in common.

import type {SandboxFiles} from '../files/sandbox-files.ts'
import type {SandboxResult, SandboxRunOptions, SandboxSpawnOptions} from '../options.ts'
import type {SandboxProcess} from '../sandbox-process.ts'

/**
 * Where programs run: a {@link Sandbox}, whose kernel is hv's, or a {@link ProgramMachine}, which has a Linux kernel of its own. Code that
 * takes one runs with either.
 *
 * @example
 * const hello = async (host: ProgramHost) => (await host.run('/bin/busybox', ['echo', 'hello'])).stdout
 * await using sandbox = await Sandbox.create()
 * console.log(await hello(sandbox)) // hello
 */
export interface ProgramHost extends AsyncDisposable {
  /** The files that its programs see. */
  readonly files: SandboxFiles
  /** Runs a program to its end. */
  run(program?: string, args?: readonly string[], options?: SandboxRunOptions): Promise<SandboxResult>
  /** Starts a program, with streams that can be read and written while it runs. */
  spawn(program?: string, args?: readonly string[], options?: SandboxSpawnOptions): SandboxProcess
  /** Ends all programs, and then itself. */
  dispose(): Promise<void>
}
