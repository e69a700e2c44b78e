// hv run --pledge and --unveil, hv pledge --suggest: what a guest may do, and what hv says when it does more.

import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {hv} from './hv.ts'

const BUSYBOX = '/bin/busybox'
const STATUS_SIGSYS = 128 + 31
/** Where this machine's dynamic programs find their loader, libraries and data. */
const HOST_TREE = ['/lib', '/lib64', '/usr', '/etc']
  .filter((path) => existsSync(path))
  .flatMap((path) => ['--volume', `${path}:${path}`])

describe.skipIf(!existsSync(BUSYBOX) || !existsSync('/dev/kvm'))('--pledge', () => {
  const pledged = (promises: string, ...args: string[]) => hv(['run', '--pledge', promises, BUSYBOX, ...args])

  test('leaves a program alone that keeps to its promises', () => {
    expect(pledged('stdio', 'echo', 'hi')).toMatchObject({status: 0, stdout: 'hi\n', stderr: ''})
    expect(pledged('stdio rpath', 'ls', '/')).toMatchObject({status: 0, stderr: ''})
  })

  test('ends one that does not with SIGSYS, and says what was missing', () => {
    const {status, stdout, stderr} = pledged('stdio', 'ls', '/')
    expect(status).toBe(STATUS_SIGSYS)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^hv: \/bin\/busybox was killed: \w+ needs promise rpath: add it to --pledge\n$/)
  })

  test('with error, gives the program ENOSYS', () => {
    const {status, stderr} = pledged('stdio error', 'ls', '/')
    expect(status).toBe(1)
    expect(stderr).toBe('ls: /: Function not implemented\n')
  })

  test('knows /tmp from other places', () => {
    expect(pledged('stdio tmppath rpath', 'sh', '-c', 'echo a > /tmp/x && rm /tmp/x').status).toBe(0)
    expect(pledged('stdio tmppath rpath', 'sh', '-c', 'echo a > /x').status).toBe(STATUS_SIGSYS)
  })

  test('that is no promise is told, with those that are', () => {
    const {status, stderr} = pledged('stdio rpth', 'true')
    expect(status).toBe(125)
    expect(stderr).toMatch(/^hv: there is no promise "rpth": choose from stdio, rpath, .*\n$/)
  })

  test('is nothing for a bare-metal guest', () => {
    const {status, stderr} = hv(['run', '--machine', 'bare', '--pledge', 'stdio', `${guests}/bare-hello`])
    expect(status).toBe(125)
    expect(stderr).toMatch(/^hv: a bare-metal guest makes no system calls.*\n$/)
  })

  test.skipIf(!existsSync('/bin/cat'))('holds from the loader on, which needs rpath', () => {
    const cat = (promises: string) =>
      hv(['run', '--pledge', promises, ...HOST_TREE, '/bin/cat', '/etc/passwd'])
    expect(cat('stdio rpath')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('root:'),
      stderr: '',
    })
    expect(cat('stdio').status).toBe(STATUS_SIGSYS)
  })
})

describe.skipIf(!existsSync(BUSYBOX) || !existsSync('/dev/kvm'))('--unveil', () => {
  const directory = () => {
    const path = mkdtempSync(join(tmpdir(), 'hv-unveil-'))
    onTestFinished(() => rmSync(path, {recursive: true}))
    writeFileSync(join(path, 'seen'), 'seen\n')
    writeFileSync(join(path, 'hidden'), 'hidden\n')
    return path
  }
  const unveiled = (path: string, script: string, ...unveil: string[]) =>
    hv([
      ...['run', '--volume', `${path}:/v:rw`, '--volume', `${BUSYBOX}:/bin/sh`],
      ...unveil.flatMap((each) => ['--unveil', each]),
      ...[BUSYBOX, 'sh', '-c', script],
    ])

  test('hides everything else', () => {
    const {stdout, stderr} = unveiled(
      directory(),
      'read a < /v/seen; echo $a; read a < /v/hidden',
      '/v/seen:r',
    )
    expect(stdout).toBe('seen\n')
    expect(stderr).toContain("can't open /v/hidden: no such file")
  })

  test('gives what its letters say', () => {
    const path = directory()
    expect(unveiled(path, 'echo more >> /v/seen', '/v:r').stderr).toContain('Permission denied')
    expect(unveiled(path, 'truncate -c -s 1 /v/seen', '/v:rw')).toMatchObject({status: 0, stderr: ''})
    expect(unveiled(path, 'echo > /v/new', '/v:rw').stderr).toContain('Permission denied')
    expect(unveiled(path, 'echo > /v/new; rm /v/new', '/v:rwc')).toMatchObject({status: 0, stderr: ''})
  })

  test('takes a name that is not there yet, in a directory that is', () => {
    expect(unveiled(directory(), 'echo > /v/new', '/v/new:rwc').status).toBe(0)
    const {status, stderr} = unveiled(directory(), 'true', '/none/new:rwc')
    expect(status).toBe(125)
    expect(stderr).toBe(
      'hv: /none/new cannot be unveiled in the guest: ENOENT: unveil paths whose directories are there, each once\n',
    )
  })

  test.each(['v:r', '/v', '/v:q', ':r'])('%s is no unveiling', (text) => {
    const {status, stderr} = unveiled(directory(), 'true', text)
    expect(status).toBe(125)
    expect(stderr).toMatch(/^hv: bad unveil rule .*: write PATH:rwxc .*\n$/)
  })

  test('cannot be widened by the program', () => {
    const {status, stderr} = hv(['run', '--unveil', '/tmp:rwc', `${guests}/unveil`])
    expect(status).toBe(1)
    expect(stderr).toMatch(/unveil\("seen", "r"\).* Operation not permitted/)
  })
})

describe.skipIf(!existsSync(BUSYBOX) || !existsSync('/dev/kvm'))('hv pledge --suggest', () => {
  const python = existsSync('/usr/bin/python3')
    ? [[[...HOST_TREE, '/usr/bin/python3', '-c', 'import os; os.listdir()']]]
    : []
  const cases = [
    ...[
      ['true'],
      ['ls', '-l', '/'],
      ['date'],
      ['id'],
      ['touch', '/tmp/x'],
      ['sh', '-c', 'echo a > /tmp/x; cd /tmp'],
    ].map((args) => [[BUSYBOX, ...args]]),
    ...[
      ['/bin/cat', '/etc/passwd'],
      ['/bin/ls', '-l', '/usr'],
      ['/usr/bin/sort', '/etc/passwd'],
    ].map((args) => [[...HOST_TREE, ...args]]),
    ...python,
    [[`${guests}/lua`, '-e', 'print(os.tmpname())']],
  ].filter(([args]) => existsSync(args.find((arg) => arg.startsWith('/') && !arg.includes(':'))!))

  test.each(cases)('%j runs again under what was suggested, and under nothing less', (args) => {
    const suggested = hv(['pledge', '--suggest', ...args])
    expect(suggested.stderr).not.toMatch(/^hv: /m)
    const promises = suggested.stdout.trimEnd()
    expect(promises).toMatch(/^stdio( [a-z_]+)*$/)
    const again = hv(['run', '--pledge', promises, ...args])
    expect(again.status).toBe(suggested.status)
    for (const name of promises.split(' ')) {
      const less = promises.split(' ').filter((other) => other !== name)
      expect(hv(['run', '--pledge', `${less.join(' ')} `, ...args]).status, `without ${name}`).toBe(
        STATUS_SIGSYS,
      )
    }
  })

  test('leaves standard output to the suggestion, and the status to the program', () => {
    expect(hv(['pledge', '--suggest', BUSYBOX, 'sh', '-c', 'echo out; exit 3'])).toEqual(
      expect.objectContaining({status: 3, stdout: expect.stringMatching(/^stdio[^\n]*\n$/), stderr: 'out\n'}),
    )
  })

  test('is what hv pledge does, and nothing else', () => {
    const {status, stderr} = hv(['pledge', 'no-such-program'])
    expect(status).toBe(125)
    expect(stderr).toMatch(/^hv: hv pledge was not told what to do: give --suggest; .*\n$/)
  })
})

test.skipIf(!existsSync(`${guests}/xpledge-dynamic`) || !existsSync('/dev/kvm'))(
  'xpledge holds a dynamic program as it does a static one',
  () => {
    expect(hv(['run', ...HOST_TREE, `${guests}/xpledge-dynamic`])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    })
  },
)
