// What a guest's words try on the Node that starts hv: a folder with files that run code, and words that name them.

import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** Node looks for these among all words: up to `--`, or even behind it. */
const OF_FILES = [
  '--env-file',
  '--env-file-if-exists',
  '--config-file',
  '--experimental-config-file',
  '--experimental-default-config-file',
]
const FILES = ['evil.env', 'evil.json', 'nosuch']

export class OptionsOfNode implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hv-words-'))
  readonly #node: string

  /** @param node the one that the command is started with */
  constructor(node: string) {
    this.#node = node
    const code = this.#put('evil.cjs', `require('node:fs').writeFileSync(${JSON.stringify(this.#mark)}, '')`)
    this.#put('evil.env', `NODE_OPTIONS=--require=${code}`)
    for (const name of ['evil.json', 'node.config.json'])
      this.#put(name, JSON.stringify({nodeOptions: {require: [code]}}))
    mkdirSync(join(this.#folder, 'bin'))
    symlinkSync(node, join(this.#folder, 'bin/node'))
  }

  /** In every form, one at a time. */
  static ofFiles(): string[][] {
    const named = OF_FILES.flatMap((option) =>
      FILES.flatMap((file) => [[`${option}=${file}`], [option, file]]),
    )
    return [...named, ...OF_FILES.map((option) => [option])]
  }

  /** Each option that this Node names. */
  all(): string[] {
    const script = 'process.stdout.write([...process.allowedNodeEnvironmentFlags].join(" "))'
    const help = spawnSync(this.#node, ['--help'], {encoding: 'utf8'}).stdout
    const allowed = spawnSync(this.#node, ['-e', script], {encoding: 'utf8'}).stdout
    const names = new Set(`${help} ${allowed}`.match(/--?[a-z][a-z0-9-]*/g))
    return [...names].flatMap((name) => [name, 'nosuch', `${name}=nosuch`])
  }

  /** Starts a command in the folder. @returns what it printed, and whether a file's code ran on the host */
  start(command: string, ...args: string[]) {
    const env = {PATH: `${this.#folder}/bin:${process.env.PATH}`, HOME: process.env.HOME}
    const {status, stdout, stderr} = spawnSync(command, args, {cwd: this.#folder, env, encoding: 'utf8'})
    const ranOnHost = existsSync(this.#mark)
    rmSync(this.#mark, {force: true})
    return {status, stdout, stderr, ranOnHost}
  }

  get #mark(): string {
    return join(this.#folder, 'mark')
  }

  #put(name: string, text: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, text)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, {recursive: true})
  }
}
