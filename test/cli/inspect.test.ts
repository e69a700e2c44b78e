// hv inspect: facts and the command for programs that run here, the reason for those that do not, one line for other files.

import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {hv} from './hv.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-inspect-'))
})
afterAll(() => rmSync(folder, {recursive: true}))

const inspectJson = (...args: string[]) => JSON.parse(hv(['inspect', '--json', ...args]).stdout)

test('a static program is run as it is', () => {
  const {status, stdout, stderr} = hv(['inspect', 'busybox'])
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Linking       static')
  expect(stdout).toMatch(/\nTo run it: hv run \S*busybox\n$/)
})

test('a dynamic program names its interpreter and libraries, and --with-libs, which shows no more', () => {
  const {program, command, obstacle} = inspectJson('/bin/ls')
  expect(program).toMatchObject({kind: 'linux', linking: 'dynamic'})
  expect(program.interpreter).toMatchObject({path: expect.stringContaining('ld-linux')})
  const libraries: {name: string; path: string}[] = program.libraries
  expect(libraries).toContainEqual({name: 'libc.so.6', path: expect.stringMatching(/libc\.so\.6$/)})
  expect(command).toBe('hv run --with-libs /bin/ls')
  expect(obstacle).toBeNull()
  expect(hv(['inspect', '/bin/ls']).stdout).toMatch(
    /\nTo run it: hv run --with-libs \/bin\/ls\n[^\n]*--root \/ shows it all[^\n]*\n$/,
  )
})

test('it finds the libraries that ldd finds', () => {
  const theirs = execFileSync('ldd', ['/usr/bin/git'], {encoding: 'utf8'}).matchAll(/^\s*(\S+) => (\/\S+)/gm)
  const {program} = inspectJson('/usr/bin/git')
  const ours = program.libraries.map(({name, path}: {name: string; path: string}) => [name, path])
  expect(ours.sort()).toEqual([...theirs].map(([, name, path]) => [name, path]).sort())
})

test('a tree that lacks a library is told so', () => {
  mkdirSync(join(folder, 'root/bin'), {recursive: true})
  execFileSync('cp', ['-L', '/bin/ls', join(folder, 'root/bin/ls')])
  const {command, obstacle, program} = inspectJson('--root', join(folder, 'root'), '/bin/ls')
  expect(command).toContain('--root')
  expect(obstacle).toMatch(/lacks .*ld-linux.*libc\.so\.6/)
  expect(program.interpreter.path).toBeNull()
})

test("a tree's links lead nowhere outside it", () => {
  mkdirSync(join(folder, 'linked'))
  symlinkSync('/bin/ls', join(folder, 'linked/ls'))
  expect(hv(['inspect', '--root', join(folder, 'linked'), '/ls'])).toMatchObject({
    status: 127,
    stderr: expect.stringMatching(/^hv: \/ls: no such file in [^\n]+\n$/),
  })
})

test('a bare-metal guest is known by its mark', () => {
  expect(inspectJson(`${guests}/bare-hello`).program).toMatchObject({
    kind: 'bare-metal',
    mark: 'the note hv, type 1',
  })
})

test('a program of a foreign machine has a name, and a reason', () => {
  const bytes = Buffer.alloc(64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 2, 1])
  bytes.writeUInt16BE(2, 16)
  bytes.writeUInt16BE(8, 18)
  const path = join(folder, 'foreign')
  writeFileSync(path, bytes)
  expect(inspectJson(path)).toMatchObject({
    class: 32,
    endian: 'big',
    architecture: 'mips',
    command: null,
    obstacle: expect.stringContaining('32-bit'),
  })
})

test.each([
  ['/nowhere/program', 127],
  ['/etc/passwd', 126],
  ['/tmp', 126],
  ['/dev/null', 126],
  // Its first bytes cannot be read.
  ['/proc/self/mem', 126],
])('%s is one line and status %i', (path, status) => {
  const ran = hv(['inspect', path])
  expect(ran).toMatchObject({status, stdout: ''})
  expect(ran.stderr).toMatch(/^hv: [^\n]+: [^\n]+\n$/)
})
