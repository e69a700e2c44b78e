// The same random calls on a directory of this host and on each writable file system: same errors, same tree.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'
import {backends, hostDirectory} from '../../../helpers/vfs-backends.ts'

const CALLS = 1500
/** Paths have at most three parts, so `..` never leaves these directories, which no call can rename or remove. */
const NEST = 'p/q/r/s/t'
const names = ['a', 'b', 'c', 'a/', 'd/.', 'd/..', '.', '..', '', 'l']

/** A small generator with a seed, so that a failure can be repeated (Numerical Recipes' LCG). */
function random(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

interface Calls {
  mkdir(path: string): void
  rmdir(path: string): void
  unlink(path: string): void
  rename(from: string, to: string): void
  link(from: string, to: string): void
  symlink(target: string, path: string): void
  write(path: string, text: string): void
  append(path: string, text: string): void
  truncate(path: string, size: number): void
}

/** node:fs under a directory; a leading slash stays inside of it. */
function hostCalls(root: string): Calls {
  const at = (path: string): string => (path === '' ? '' : `${root}/${path}`)
  return {
    mkdir: (path) => fs.mkdirSync(at(path), 0o755),
    // rmdir(2) with the path as it is: node would remove a trailing slash.
    rmdir: (path) => fs.rmdirSync(at(path)),
    unlink: (path) => fs.unlinkSync(at(path)),
    rename: (from, to) => fs.renameSync(at(from), at(to)),
    link: (from, to) => fs.linkSync(at(from), at(to)),
    symlink: (target, path) => fs.symlinkSync(target, at(path)),
    write: (path, text) => fs.writeFileSync(at(path), text),
    append: (path, text) => fs.appendFileSync(at(path), text),
    truncate: (path, size) => fs.truncateSync(at(path), size),
  }
}

function vfsCalls(vfs: TestVfs): Calls {
  const at = (path: string): string => (path === '' ? '' : `/${NEST}/${path}`)
  return {
    mkdir: (path) => vfs.mkdir(at(path)),
    rmdir: (path) => vfs.rmdir(at(path)),
    unlink: (path) => vfs.unlink(at(path)),
    rename: (from, to) => vfs.rename(at(from), at(to)),
    link: (from, to) => vfs.link(at(from), at(to)),
    symlink: (target, path) => vfs.symlink(target, at(path)),
    write: (path, text) => vfs.write(at(path), text),
    append: (path, text) =>
      vfs.write(at(path), text, fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_APPEND),
    truncate: (path, size) => {
      const file = vfs.open(at(path), fs.constants.O_RDWR)
      file.truncate(size)
      file.close()
    },
  }
}

function randomCall(pick: (limit: number) => number): (calls: Calls) => void {
  const path = (): string => {
    const parts = Array.from({length: 1 + pick(3)}, () => names[pick(names.length)])
    return parts.join('/').replace(/^\/+/, '')
  }
  const first = path()
  const second = path()
  const size = pick(9000)
  switch (pick(9)) {
    case 0:
    case 1:
      return (calls) => calls.mkdir(first)
    case 2:
      return (calls) => calls.rmdir(first)
    case 3:
      return (calls) => calls.unlink(first)
    case 4:
      return (calls) => calls.rename(first, second)
    case 5:
      return (calls) => calls.link(first, second)
    case 6:
      return (calls) => calls.symlink(first === '' ? 'a' : first, second)
    case 7:
      return (calls) => calls.truncate(first, size)
    default:
      return size % 2 ? (calls) => calls.write(first, 'x'.repeat(size)) : (calls) => calls.append(first, 'yz')
  }
}

/** Every name below with what it is, in one order. */
function hostTree(path: string, prefix = ''): string[] {
  return fs
    .readdirSync(path)
    .sort()
    .flatMap((name) => {
      const full = join(path, name)
      const stat = fs.lstatSync(full)
      if (stat.isDirectory())
        return [`${prefix}${name}/ ${stat.nlink}`, ...hostTree(full, `${prefix}${name}/`)]
      if (stat.isSymbolicLink()) return [`${prefix}${name} -> ${fs.readlinkSync(full)} ${stat.nlink}`]
      return [`${prefix}${name} ${stat.nlink} ${fs.readFileSync(full, 'latin1')}`]
    })
}

function vfsTree(vfs: TestVfs, path: string, prefix = ''): string[] {
  return vfs.list(path || '/').flatMap((name) => {
    const full = `${path}/${name}`
    const {mode, nlink} = vfs.lstat(full)
    const kind = mode & 0o170000
    if (kind === 0o040000) return [`${prefix}${name}/ ${nlink}`, ...vfsTree(vfs, full, `${prefix}${name}/`)]
    if (kind === 0o120000) return [`${prefix}${name} -> ${vfs.readlink(full)} ${nlink}`]
    return [`${prefix}${name} ${nlink} ${vfs.read(full)}`]
  })
}

describe.each(backends)('$name', (backend) => {
  let vfs: TestVfs
  let directory: ReturnType<typeof hostDirectory>

  beforeEach(() => {
    vfs = new TestVfs(backend.create(memoryFile(16 << 20)))
    for (let end = 1; end <= NEST.length; end += 2) vfs.mkdir(NEST.slice(0, end))
    directory = hostDirectory()
  })

  afterEach(() => {
    vfs.dispose()
    backend.cleanUp()
    directory.remove()
  })

  test.each([1, 2, 3, 4, 5, 6])('answers as Linux does, seed %i', (seed) => {
    const pick = random(seed)
    const root = join(directory.path, NEST)
    fs.mkdirSync(root, {recursive: true})
    const host = hostCalls(root)
    const guest = vfsCalls(vfs)
    for (let i = 0; i < CALLS; i++) {
      const call = randomCall(pick)
      const expected = errorOf(() => call(host))
      const answer = errorOf(() => call(guest))
      if (answer !== expected)
        expect.unreachable(`call ${i}: ${answer} for ${expected}: ${describeCall(call)}`)
    }
    expect(vfsTree(vfs, '')).toEqual(hostTree(directory.path))
  })
})

function describeCall(call: (calls: Calls) => void): string {
  let text = ''
  const note = new Proxy({} as Calls, {
    get:
      (_target, name) =>
      (...args: unknown[]) => {
        text = `${String(name)}(${args.map((arg) => JSON.stringify(arg).slice(0, 60)).join(', ')})`
      },
  })
  call(note)
  return text
}
