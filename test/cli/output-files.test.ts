// Files that hv writes for its user, where a guest of an earlier run has left links.

import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {BUSYBOX} from '../sandbox/guests.ts'
import {hv} from './hv.ts'

const CRASH = [BUSYBOX, 'sh', '-c', 'kill -SEGV $$']
const LINKS = 'cd /w && ln -s ../outside/precious link && ln -s ../outside directory && mkfifo fifo'
const USERS = [
  ['root', []],
  ['an ordinary user', ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']],
] as const

const writers: Record<string, (path: string) => string[]> = {
  'run --core': (path) => ['run', '--core', path, ...CRASH],
  'run --trace': (path) => ['run', `--trace=${path}`, BUSYBOX, 'true'],
  'trace -o': (path) => ['trace', '-o', path, BUSYBOX, 'true'],
  'run --gdb unix:': (path) => ['run', '--gdb', `unix:${path}`, BUSYBOX, 'true'],
}

describe.skipIf(!existsSync(BUSYBOX)).each(USERS)('as %s', (_, through) => {
  const folder = mkdtempSync(join(tmpdir(), 'hv-output-'))
  const [box, outside] = [join(folder, 'box'), join(folder, 'outside')]
  const precious = join(outside, 'precious')
  const run = (args: string[]) => hv(args, {HOME: folder}, [...through])

  beforeAll(() => {
    for (const path of [folder, box, outside]) {
      mkdirSync(path, {recursive: true})
      chmodSync(path, 0o777)
    }
    writeFileSync(precious, 'precious')
    chmodSync(precious, 0o666)
    expect(run(['run', '--volume', `${box}:/w:rw`, BUSYBOX, 'sh', '-c', LINKS])).toMatchObject({
      status: 0,
      stderr: '',
    })
  })
  afterAll(() => rmSync(folder, {recursive: true}))

  describe.each(Object.entries(writers))('hv %s', (_, argsOf) => {
    test.each(['link', 'directory/new', 'directory/precious'])('follows no link of a guest: %s', (name) => {
      const {status, stdout, stderr} = run(argsOf(join(box, name)))
      expect([status, stdout]).toEqual([125, ''])
      expect(stderr).toMatch(
        /^hv: .*(a symbolic link to .*outside.*: name the place|it is there, and no socket).*\n$/,
      )
      expect(readdirSync(outside)).toEqual(['precious'])
      expect(readFileSync(precious, 'utf8')).toBe('precious')
    })

    test('opens no fifo of a guest, for which it would have to wait', () => {
      const {status, stderr} = run(argsOf(join(box, 'fifo')))
      expect(status).toBe(125)
      expect(stderr).toMatch(/^hv: .*(is no regular file: name another|it is there, and no socket).*\n$/)
    })
  })

  test('a file that has another name keeps its content there', () => {
    const [file, name] = [join(outside, 'file'), join(box, 'hard')]
    writeFileSync(file, 'kept')
    linkSync(file, name)
    expect(run(['trace', '-o', name, BUSYBOX, 'true']).status).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('kept')
    expect(readFileSync(name, 'utf8')).toContain('exited with 0')
    rmSync(file)
  })

  test('a core and a trace may lie in a writable volume, as new files', () => {
    const [core, trace] = [join(box, 'core'), join(box, 'trace')]
    for (const path of [core, trace]) writeFileSync(path, 'old', {mode: 0o644})
    const flags = ['--volume', `${box}:/w:rw`, '--core', core, `--trace=${trace}`]
    const {status, stderr} = run(['run', ...flags, ...CRASH])
    expect([status, stderr]).toEqual([
      139,
      expect.stringContaining(`the core of busybox (2) is in ${core}\n`),
    ])
    expect(readFileSync(core, 'latin1').slice(1, 4)).toBe('ELF')
    expect(statSync(core).mode & 0o777).toBe(0o600)
    expect(readFileSync(trace, 'utf8')).toContain('SIGSEGV')
    expect(readdirSync(box).filter((name) => name.startsWith('.hv-'))).toEqual([])
  })

  test("gdb's socket may not lie where the guest could put its own in its place", () => {
    mkdirSync(join(box, 'deep'), {recursive: true})
    const flags = ['--volume', `${box}:/w:rw`, '--gdb', `unix:${join(box, 'deep/socket')}`]
    const {status, stderr} = run(['run', ...flags, BUSYBOX, 'true'])
    expect(status).toBe(125)
    expect(stderr).toBe(
      `hv: gdb cannot be waited for at ${box}/deep/socket (the guest may write in ${box}, and take its place): name another place\n`,
    )
  })
})

describe.skipIf(!existsSync(BUSYBOX))('hv trace -o', () => {
  test.each(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])('%s is what the user gave', (path) => {
    // Not a socket, which cannot be opened.
    const {stdout} = hv(['trace', '-o', path, BUSYBOX, 'true'], {}, ['sh', '-c', '"$@" | cat', 'sh'])
    expect(stdout).toContain('exited with 0')
  })

  test('/dev/null takes a trace', () => {
    expect(hv(['trace', '-o', '/dev/null', BUSYBOX, 'echo', 'hi'])).toMatchObject({
      status: 0,
      stdout: 'hi\n',
      stderr: '',
    })
  })
})
