// The tarball of the package, installed as a user installs it: into an empty project, with no compiler in PATH.

import {execFile} from 'node:child_process'
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {root} from '../../ci/paths.mjs'

/** All that an install may call: with only these in PATH nothing can be compiled. */
const PROGRAMS = ['node', 'npm', 'npx', 'sh', 'env']

export interface Outcome {
  status: number
  stdout: string
  stderr: string
}

export interface Installation extends Disposable {
  /** A folder for anything. */
  folder: string
  /** The only folder in PATH. */
  bin: string
  /** The project's folder. */
  home: string
  env: NodeJS.ProcessEnv
  tarball: {filename: string; size: number; files: {path: string}[]}
}

export function run(program: string, args: string[], options: object): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, {maxBuffer: 64 << 20, ...options}, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : 255) : 0
      resolve({status, stdout: String(stdout), stderr: String(stderr)})
    })
  })
}

export async function install(): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'hv-package-'))
  const bin = join(folder, 'bin')
  const home = join(folder, 'empty')
  const env = {...process.env, PATH: bin, PREBUILDS_ONLY: '1', NO_COLOR: '1'}
  mkdirSync(bin)
  mkdirSync(home)
  for (const name of PROGRAMS) {
    const {stdout} = await run('sh', ['-c', `command -v ${name}`], {})
    symlinkSync(realpathSync(stdout.trim()), join(bin, name))
  }

  // Earlier stages have already built, in place, what prepack builds.
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  })
  if (packed.status !== 0) throw new Error(packed.stderr)
  const tarball = JSON.parse(packed.stdout)[0]

  writeFileSync(join(home, 'package.json'), '{"name": "empty", "private": true}')
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, tarball.filename)]
  const installed = await run(join(bin, 'npm'), args, {cwd: home, env})
  if (installed.status !== 0) throw new Error(installed.stdout + installed.stderr)
  return {
    folder,
    bin,
    home,
    env,
    tarball,
    [Symbol.dispose]: () => rmSync(folder, {recursive: true, force: true}),
  }
}
