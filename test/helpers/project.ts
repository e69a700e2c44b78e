// A project that has installed the built package, and a guest that tries to change it.

import {execFileSync} from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {root} from '../../ci/paths.mjs'

const NATIVE = 'native/build/Release/hv.node'

export class Project implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'hv-project-')))
  readonly modules = join(this.folder, 'node_modules')
  readonly package = join(this.modules, 'hvkit')
  readonly hv = join(this.modules, '.bin/hv')
  readonly cache = join(this.folder, '.cache/hvkit')

  /** @param uid whose it is */
  constructor(uid: number) {
    const {hv, modules, package: own} = this
    for (const name of ['dist', 'boards', 'package.json', 'oclif.manifest.json', NATIVE])
      cpSync(join(root, name), join(own, name), {recursive: true})
    cpSync(join(root, 'node_modules/node-gyp-build'), join(modules, 'node-gyp-build'), {recursive: true})
    mkdirSync(join(modules, '.bin'))
    symlinkSync('../hvkit/dist/bin/hv.cjs', hv)
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
      if (path !== 'node_modules/.bin/hv') chownSync(join(this.folder, path), uid, uid)
  }

  /** What to try where the project's folder is `at`: the words of the attacker. */
  attempts(at: string): string[] {
    const modules = `${at}/node_modules`
    return [
      `${at}/scratch`,
      ...['file', `${modules}/hvkit/dist/process.cjs`, 'file', `${modules}/hvkit/${NATIVE}`],
      ...['file', `${modules}/node-gyp-build/index.js`, 'file', `${modules}/.bin/hv`],
      ...['directory', `${modules}/hvkit/dist/commands`, 'directory', `${modules}/hvkit/dist`],
      ...['directory', `${modules}/hvkit`, 'directory', modules],
      ...['file', `${at}/.cache/hvkit/kept`, 'directory', `${at}/.cache/hvkit`, 'way', `${at}/.cache`],
    ]
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
