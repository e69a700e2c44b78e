// A project that has installed the built package with what it requires, as npm does, and a guest that tries to change it.

import {execFileSync} from 'node:child_process'
import {
  chmodSync,
  cpSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, normalize} from 'node:path'
import {root} from '../../ci/paths.mjs'

const NATIVE = 'native/build/Release/hv.node'
const PARTS = ['dist', 'boards', 'package.json', 'oclif.manifest.json', NATIVE]
const MODULES = 'node_modules/'

interface Package {
  version: string
  dependencies?: Record<string, string>
  bin?: Record<string, string>
  dev?: boolean
  devOptional?: boolean
}

export class Project implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'hv-project-')))
  readonly modules = join(this.folder, 'node_modules')
  readonly package = join(this.modules, 'hvkit')
  readonly hv = join(this.modules, '.bin/hv')
  readonly cache = join(this.folder, '.cache/hvkit')

  /** @param uid whose it is */
  constructor(uid: number) {
    for (const part of PARTS) cpSync(join(root, part), join(this.package, part), {recursive: true})
    this.#install()
    mkdirSync(this.cache, {recursive: true, mode: 0o700})
    writeFileSync(join(this.cache, 'kept'), 'kept')
    mkdirSync(join(this.folder, 'scratch'))
    execFileSync('gcc', [
      '-O1',
      '-static',
      '-o',
      join(this.folder, 'change-files'),
      join(root, 'test/helpers/change-files.c'),
    ])
    chmodSync(this.folder, 0o755)
    for (const path of ['.', ...readdirSync(this.folder, {recursive: true, encoding: 'utf8'})])
      lchownSync(join(this.folder, path), uid, uid)
  }

  /** What the package requires, the commands, and the lock file. */
  #install(): void {
    const {packages} = readJson(join(root, 'package-lock.json')) as {packages: Record<string, Package>}
    const needed = Object.entries(packages).filter(([at, {dev, devOptional}]) => at && !dev && !devOptional)
    for (const [at] of needed)
      cpSync(join(root, at), join(this.folder, at), {
        recursive: true,
        filter: (path) => !path.slice(join(root, at).length).includes('/node_modules'),
      })
    const {version, dependencies, bin} = readJson(join(root, 'package.json')) as Package
    const all = {[`${MODULES}hvkit`]: {version, dependencies, bin}, ...Object.fromEntries(needed)}
    for (const [at, each] of Object.entries(all)) this.#linkCommands(at, each)
    const own = {name: 'project', version: '1.0.0', dependencies: {hvkit: version}}
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify(own))
    writeFileSync(
      join(this.folder, 'package-lock.json'),
      JSON.stringify({...own, lockfileVersion: 3, requires: true, packages: {'': own, ...all}}),
    )
  }

  #linkCommands(at: string, {bin = {}}: Package): void {
    const name = at.slice(at.lastIndexOf(MODULES) + MODULES.length)
    for (const [command, file] of Object.entries(bin)) {
      const link = join(this.folder, at.slice(0, -name.length), '.bin', command)
      mkdirSync(dirname(link), {recursive: true})
      symlinkSync(join('..', name, file), link)
    }
  }

  /** What to try where the project's folder is `at`: the words of the attacker. */
  attempts(at: string): string[] {
    const modules = `${at}/node_modules`
    const missing = [
      ...['node-gyp-build.js', 'node-gyp-build.cjs', 'node-gyp-build.json', 'node-gyp-build.node'],
      ...['node_modules', '@oclif/node_modules', '.bin/node', '.bin/sh'],
    ]
    return [
      `${at}/scratch`,
      ...['file', `${modules}/hvkit/dist/process.cjs`, 'file', `${modules}/hvkit/${NATIVE}`],
      ...['file', `${modules}/node-gyp-build/index.js`, 'file', `${modules}/.bin/hv`],
      ...['directory', `${modules}/hvkit/dist/commands`, 'directory', `${modules}/hvkit/dist`],
      ...['directory', `${modules}/node-gyp-build`, 'directory', `${modules}/@oclif/core/lib`],
      ...[
        'directory',
        `${modules}/hvkit`,
        'way',
        modules,
        'way',
        `${modules}/@oclif`,
        'way',
        `${modules}/.bin`,
      ],
      ...missing.flatMap((name) => ['missing', `${modules}/${name}`]),
      ...['file', `${at}/.cache/hvkit/kept`, 'directory', `${at}/.cache/hvkit`, 'way', `${at}/.cache`],
    ]
  }

  /**
   * What files below its folder a start opens, and what it looks for there in vain: words of the attacker, for a volume /w.
   * @param argv `hv` or `node`, and arguments
   * @param through a command to start it by
   */
  lookedFor([program, ...argv]: string[], through: string[], env: Record<string, string>): string[] {
    const trace = join(this.folder, 'scratch/trace')
    const command = program === 'hv' ? [this.hv] : [process.execPath]
    const words = [
      ...through,
      'strace',
      '-f',
      '-qq',
      '-e',
      'trace=%file',
      '-s',
      '4096',
      '-o',
      trace,
      ...command,
      ...argv,
    ]
    execFileSync('env', words, {cwd: this.folder, env, stdio: ['ignore', 'ignore', 'inherit']})
    const text = readFileSync(trace, 'utf8')
    rmSync(trace)
    const paths = [...text.matchAll(/"(\/[^"]+)"/g)]
      .map(([, path]) => normalize(path))
      .filter((path) => path.startsWith(`${this.folder}/`) && !path.startsWith(trace))
      .map((path) => this.#attemptAt(path))
    return [...new Set(paths)].flatMap((attempt) => attempt.split(' ')).filter(Boolean)
  }

  #attemptAt(path: string): string {
    const at = path.replace(this.folder, '/w')
    // The user's program obeys this one, and the help's colours are in the other.
    if (at === '/w/package.json' || at === '/w/.config') return ''
    const found = attempt(() => lstatSync(path))
    if (found !== undefined) return `${found.isDirectory() ? 'way' : 'file'} ${at}`
    return attempt(() => statSync(dirname(path)))?.isDirectory()
      ? `missing ${at}`
      : this.#attemptAt(dirname(path))
  }

  /** A package that can be installed without a network. @returns its file */
  packAnother(): string {
    const folder = join(this.folder, 'scratch/package')
    mkdirSync(folder)
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({name: 'another', version: '1.0.0', bin: 'index.js'}),
    )
    writeFileSync(join(folder, 'index.js'), '#!/usr/bin/env node\nconsole.log("another")')
    const file = join(this.folder, 'another.tgz')
    execFileSync('tar', ['-czf', file, '-C', dirname(folder), 'package'])
    rmSync(folder, {recursive: true})
    return file
  }

  /** All that is in it, apart from what the guest may change, and what hv keeps for its next start. */
  content(): string {
    const files = readdirSync(this.folder, {recursive: true, withFileTypes: true})
      .map((entry) => ({entry, path: join(entry.parentPath, entry.name)}))
      .filter(({path}) => /\/(node_modules|kept)\b/.test(path))
      .map(({entry, path}) => `${path} ${entry.isFile() ? readFileSync(path, 'latin1').length : ''}`)
    return files.sort().join('\n')
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, {recursive: true})
  }
}

function attempt<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
