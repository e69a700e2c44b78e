// Runs hv as it is shipped (package.json's bin), and returns what it printed.

import {spawnSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {stepMs} from '../../ci/budgets.mjs'
import packageJson from '../../package.json' with {type: 'json'}

export const HV = fileURLToPath(new URL(`../../${packageJson.bin.hv}`, import.meta.url))

const TIMEOUT_MS = stepMs('command')

export interface Ran {
  status: number | null
  stdout: string
  stderr: string
}

/** @param through a command that runs `hv`, such as `setpriv` with its flags */
export function hv(args: string[], env: Record<string, string> = {}, through: string[] = []): Ran {
  const [command, ...rest] = [...through, process.execPath, HV, ...args]
  return spawnSync(command, rest, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    input: '',
    env: {PATH: process.env.PATH, HOME: process.env.HOME, ...env},
  })
}
