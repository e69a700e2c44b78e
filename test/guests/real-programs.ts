// Runs the cases of busybox, Lua and SQLite natively and in sandboxes of this process, for a bed, where node starts slowly.
//
//   node real-programs.ts PLATFORM BUSYBOX GUESTS     prints a line of JSON for each case: {name, native, guest}; GUESTS has lua and sqlite

import {existsSync, mkdtempSync, rmSync} from 'node:fs'
import {constants, tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {type PlatformChoice, Sandbox} from '../../dist/index.js'
import {busyboxCases, type Case, type Ended, env, isLarge, runSteps, scriptCases} from './cases.ts'
import {natively} from './run.ts'

const TIMEOUT_MS = 60_000
/** Not all later cases may see what one leaves in the sandbox. */
const CASES_PER_SANDBOX = 16

const [platform, ...paths] = process.argv.slice(2)
const [busybox, guests] = paths.map((path) => resolve(path))
const scratch = mkdtempSync(join(tmpdir(), 'hv-real-'))
const cwd = join(scratch, 'work')
const all: (Case & {program: string})[] = [
  // 100 MB take minutes in an emulated machine.
  ...busyboxCases.filter((each) => !isLarge(each)).map((each) => ({...each, program: busybox!})),
  ...scriptCases.map((each) => ({...each, program: `${guests}/${each.program}`})),
]

// tar and ls print the owners' names.
const mounts = new Set(['/etc/passwd', '/etc/group', ...all.flatMap((each) => each.mounts ?? [])])
const volumes = [
  {host: scratch, guest: scratch, writable: true},
  ...[...mounts].filter(existsSync).map((path) => ({host: path, guest: path})),
]

let sandbox: Sandbox | undefined
for (const [index, each] of all.entries()) {
  if (index % CASES_PER_SANDBOX === 0) {
    await sandbox?.dispose()
    sandbox = await Sandbox.create({volumes, platform: platform as PlatformChoice})
  }
  const {name, program} = each
  const native = await runSteps(each, cwd, (args, stdin) => natively(program, args, {cwd, env, stdin}))
  const guest = await runSteps(each, cwd, (args, stdin) => inSandbox(sandbox!, program, args, stdin))
  console.log(JSON.stringify({name, native, guest}))
}
await sandbox?.dispose()
rmSync(scratch, {recursive: true})

async function inSandbox(
  sandbox: Sandbox,
  program: string,
  args: string[],
  stdin: Uint8Array,
): Promise<Ended> {
  const options = {
    cwd,
    env,
    stdin,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: 2 ** 28,
    encoding: 'buffer',
  } as const
  try {
    const {exitCode, signal, timedOut, stdout, stderr} = await sandbox.run(program, args, options)
    const status = timedOut ? 124 : (exitCode ?? 128 + constants.signals[signal as NodeJS.Signals])
    return {status, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr).toString('latin1')}
  } catch (error) {
    return {status: 125, stdout: Buffer.alloc(0), stderr: String((error as Error).stack)}
  }
}
