// Sandbox.files: the guest's tree from outside: the owner reads what programs wrote, and the reverse, in memory and on volumes.

import {mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {BUSYBOX, places, sh} from './guests.ts'

const MIB = 1 << 20
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
const failure = (errno: string) => ({name: 'HvError', code: 'FILE_FAILED', errno})

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  let host: string
  beforeAll(async () => {
    host = mkdtempSync(join(tmpdir(), 'hv-files-'))
    writeFileSync(join(host, 'kept'), 'kept\n')
    symlinkSync('/etc/passwd', join(host, 'passwd'))
    sandbox = await Sandbox.create({
      platform,
      isolation,
      volumes: [
        {host, guest: '/work', writable: true},
        {host, guest: '/still'},
      ],
    })
  })
  afterAll(async () => {
    await sandbox.dispose()
    rmSync(host, {recursive: true})
  })

  test.each(['/tmp', '/work'])('what is written below %s a program reads, and the reverse', async (where) => {
    await sandbox.files.write(`${where}/in`, 'grüße\n')
    const {stdout, stderr} = await sandbox.run(...sh(`cat ${where}/in; echo back > ${where}/out`))
    expect([stdout, stderr]).toEqual(['grüße\n', ''])
    expect(await sandbox.files.read(`${where}/out`)).toBe('back\n')
    expect(await sandbox.files.read(`${where}/out`, {encoding: 'buffer'})).toEqual(
      new TextEncoder().encode('back\n'),
    )
  })

  test('a volume is the host directory, and no link leads out of it', async () => {
    await sandbox.files.write('/work/made', 'by hv', {mode: 0o600})
    expect(readFileSync(join(host, 'made'), 'utf8')).toBe('by hv')
    expect(statSync(join(host, 'made')).mode & 0o777).toBe(0o600)
    await expect(sandbox.files.read('/work/passwd')).rejects.toMatchObject(failure('ENOENT'))
    writeFileSync(join(host, 'made'), 'by the host')
    expect(await sandbox.files.read('/work/made')).toBe('by the host')
  })

  test('a file of many pieces comes through as it is', async () => {
    const bytes = new Uint8Array(3 * MIB + 12_345).map((_, index) => (index * 2654435761) >>> 24)
    await sandbox.files.write('/tmp/large', bytes)
    expect((await sandbox.run(BUSYBOX, ['wc', '-c', '/tmp/large'])).stdout).toContain(`${bytes.length}`)
    expect(sameBytes(await sandbox.files.read('/tmp/large', {encoding: 'buffer'}), bytes)).toBe(true)
    await sandbox.files.write('/tmp/exact', bytes.subarray(0, 2 * MIB))
    expect(await sandbox.files.read('/tmp/exact', {encoding: 'buffer'})).toHaveLength(2 * MIB)
    await sandbox.files.remove('/tmp/large')
  })

  test('writing replaces or appends, takes streams, and sets the mode', async () => {
    const {files} = sandbox
    await files.write('/tmp/log', 'one\n')
    await files.write('/tmp/log', 'two\n', {append: true, mode: 0o640})
    expect(await files.read('/tmp/log')).toBe('one\ntwo\n')
    await files.write('/tmp/log', Readable.from(['a', Buffer.from('b'), 'c']))
    expect(await files.read('/tmp/log')).toBe('abc')
    expect(await files.stat('/tmp/log')).toMatchObject({kind: 'file', size: 3, mode: 0o640, name: 'log'})
    await files.write('/tmp/job', '#!/bin/busybox sh\necho ran\n', {mode: 0o755})
    expect((await sandbox.run(...sh('/tmp/job'))).stdout).toBe('ran\n')
  })

  test('list and stat tell what is there', async () => {
    const {files} = sandbox
    await sandbox.run(...sh('mkdir -p /tmp/l/d; echo hi > /tmp/l/f; ln -s f /tmp/l/s; mkfifo /tmp/l/p'))
    const entries = await files.list('/tmp/l')
    expect(entries.map(({name, kind, target}) => [name, kind, target]).sort()).toEqual([
      ['d', 'directory', undefined],
      ['f', 'file', undefined],
      ['p', 'fifo', undefined],
      ['s', 'symlink', 'f'],
    ])
    const {name, uid, modifiedAt, size} = await files.stat('/tmp/l/s')
    expect([name, uid, size]).toEqual(['s', process.getuid!(), 3])
    expect(Math.abs(modifiedAt.getTime() - Date.now())).toBeLessThan(60_000)
    expect(
      await Promise.all(['/tmp/l/f', '/tmp/l/none', '/tmp/l/f/x'].map((at) => files.exists(at))),
    ).toEqual([true, false, false])
    expect((await files.list('/')).map(({name}) => name)).toEqual(expect.arrayContaining(['work', 'tmp']))
  })

  test.each(['/tmp', '/work'])(
    'names in %s that are not UTF-8 lead to their files, as bytes',
    async (where) => {
      const {files} = sandbox
      const path = (...names: string[]) => Buffer.from([where, ...names].join('/'), 'latin1')
      await files.makeDirectory(path('d\xff'))
      await files.write(path('d\xff', 'f\xe9'), 'hello')
      await sandbox.run(...sh(`cd ${where}/d*; ln -s f* l; ln -s "$(printf 't\\376')" m`))
      const entries = await files.list(path('d\xff'), {encoding: 'buffer'})
      expect(
        entries.map(({name, target}) => [name.toString('latin1'), target?.toString('latin1')]).sort(),
      ).toEqual([
        ['f\xe9', undefined],
        ['l', 'f\xe9'],
        ['m', 't\xfe'],
      ])
      expect((await files.list(path('d\xff'))).map(({name}) => name)).toContain('f\ufffd')
      const {name} = await files.stat(path('d\xff', 'f\xe9'), {encoding: 'buffer'})
      expect(name).toEqual(Buffer.from('f\xe9', 'latin1'))
      await files.rename(path('d\xff', 'f\xe9'), new Uint8Array(path('g\xe9')))
      expect(await files.read(path('g\xe9'))).toBe('hello')
      await files.remove(path('d\xff'), {recursive: true})
      await files.remove(path('g\xe9'))
      for (const gone of [path('d\xff'), path('g\xe9')]) expect(await files.exists(gone)).toBe(false)
      await expect(files.read(path('g\xe9'))).rejects.toThrow(`cannot read ${where}/g\ufffd: it is not there`)
    },
  )

  test('a path of bytes is as absolute as one of text', async () => {
    for (const bad of [Buffer.from('a'), Buffer.from('/a\0'), new Uint8Array(0)])
      await expect(sandbox.files.list(bad)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  })

  test('a directory of many entries is listed whole', async () => {
    await sandbox.run(...sh('mkdir /tmp/many; cd /tmp/many; for i in $(seq 1500); do : > $i; done'))
    expect(await sandbox.files.list('/tmp/many')).toHaveLength(1500)
    await sandbox.files.remove('/tmp/many', {recursive: true})
    expect(await sandbox.files.exists('/tmp/many')).toBe(false)
  })

  test('directories are made, renamed and removed, also deep ones', async () => {
    const {files} = sandbox
    await files.makeDirectory('/tmp/a/b/c', {recursive: true, mode: 0o700})
    await files.makeDirectory('/tmp/a/b/c', {recursive: true})
    expect((await files.stat('/tmp/a/b/c')).mode).toBe(0o700)
    await files.rename('/tmp/a/b', '/tmp/a/x')
    await expect(files.remove('/tmp/a')).rejects.toMatchObject(failure('ENOTEMPTY'))
    await files.remove('/tmp/a/x/c')
    // 3800 levels: too deep for any path.
    const deep = '/d'.repeat(1900)
    await files.makeDirectory(`/tmp/a${deep}`, {recursive: true})
    await files.makeDirectory(`/tmp/b${deep}`, {recursive: true})
    await files.rename('/tmp/b', `/tmp/a${deep}/b`)
    await files.remove('/tmp/a', {recursive: true})
    expect(await files.exists('/tmp/a')).toBe(false)
  })

  test('removing a link leaves what it leads to, and nothing mounted goes', async () => {
    const {files} = sandbox
    await sandbox.run(...sh('mkdir -p /tmp/r/to; echo > /tmp/r/to/f; mkdir /tmp/r/d; ln -s ../to /tmp/r/d/s'))
    await files.remove('/tmp/r/d', {recursive: true})
    expect(await files.exists('/tmp/r/to/f')).toBe(true)
    await expect(files.remove('/work', {recursive: true})).rejects.toMatchObject(failure('EBUSY'))
    await expect(files.remove('/', {recursive: true})).rejects.toMatchObject({code: 'FILE_FAILED'})
    expect(readFileSync(join(host, 'kept'), 'utf8')).toBe('kept\n')
  })

  test('a program that runs sees it at once, and is seen', async () => {
    const child = sandbox.spawn(
      ...sh('echo up > /tmp/up; while ! [ -e /tmp/go ]; do sleep 0.01; done; cat /tmp/go'),
    )
    while (!(await sandbox.files.exists('/tmp/up'))) await new Promise((resolve) => setTimeout(resolve, 10))
    await sandbox.files.write('/tmp/go', 'gone')
    let output = ''
    for await (const chunk of child.stdout) output += chunk
    expect(output).toBe('gone')
    expect((await child.wait()).exitCode).toBe(0)
  })

  test("one that computes, and one that waits, are in nobody's way", async () => {
    for (const script of ['while :; do :; done', 'sleep 1000']) {
      const child = sandbox.spawn(...sh(script))
      await sandbox.files.write('/tmp/meanwhile', script)
      expect(await sandbox.files.read('/tmp/meanwhile')).toBe(script)
      child.kill('SIGKILL')
      await child.wait()
    }
  })

  test.each([
    ['/tmp/none', 'ENOENT'],
    ['/tmp', 'EISDIR'],
    ['/dev/zero', 'ENXIO'],
    ['/dev/ptmx', 'ENXIO'],
    ['/tmp/fifo', 'ENXIO'],
    ['/tmp/loop', 'ELOOP'],
    ['/proc/self/status', 'ENOENT'],
    ['/bin/busybox/x', 'ENOTDIR'],
  ])('reading %s fails with %s, and at once', async (path, errno) => {
    await sandbox.run(...sh('mkfifo /tmp/fifo; ln -s loop /tmp/loop'))
    await expect(sandbox.files.read(path)).rejects.toMatchObject(failure(errno))
  })

  test('an error says in one line what was not possible, and what to do', async () => {
    const error = await sandbox.files.write('/still/a\nb', 'x').catch((thrown) => thrown)
    expect(error).toMatchObject({
      ...failure('EROFS'),
      message: 'cannot write /still/a\\x0ab: it is read-only (EROFS)',
      nextStep: 'make the volume `writable`',
    })
    await expect(sandbox.files.write('/tmp', 'x')).rejects.toMatchObject(failure('EISDIR'))
    await expect(sandbox.files.write('/dev/null', 'x')).rejects.toMatchObject(failure('ENXIO'))
    for (const name of ['1/oom_score_adj', 'sys/kernel/hostname'])
      await expect(sandbox.files.write(`/proc/${name}`, '1')).rejects.toMatchObject(failure('EPERM'))
    await expect(sandbox.files.write('/none/x', 'x')).rejects.toMatchObject(failure('ENOENT'))
    await expect(sandbox.files.write('/bin/busybox', 'x')).rejects.toMatchObject({code: 'FILE_FAILED'})
    await expect(sandbox.files.makeDirectory('/tmp')).rejects.toMatchObject(failure('EEXIST'))
    for (const long of ['n'.repeat(256), 'n/'.repeat(3000)])
      await expect(sandbox.files.read(`/tmp/${long}`)).rejects.toMatchObject(failure('ENAMETOOLONG'))
    await expect(sandbox.files.rename('/work/kept', '/tmp/kept')).rejects.toMatchObject(failure('EXDEV'))
  })

  test('wrong arguments are refused by name', async () => {
    const {files} = sandbox
    await expect(files.read('tmp/x')).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    await expect(files.write('/tmp/x', 5 as never)).rejects.toThrow('data takes a string, a Uint8Array')
    await expect(files.write('/tmp/x', '', {mode: 0o10000})).rejects.toThrow('mode takes')
    await expect(files.write('/tmp/x', '', {mod: 1} as object)).rejects.toThrow('options has no mod')
    await expect(files.list('/tmp\0')).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  })

  test('a file that is larger than it may be is not read', async () => {
    await sandbox.run(BUSYBOX, ['truncate', '-s', '1099511627776', '/tmp/sparse'])
    await expect(sandbox.files.read('/tmp/sparse')).rejects.toMatchObject(failure('EFBIG'))
    await sandbox.files.write('/tmp/ten', '0123456789')
    await expect(sandbox.files.read('/tmp/ten', {maxBytes: 9})).rejects.toMatchObject(failure('EFBIG'))
    expect(await sandbox.files.read('/tmp/ten', {maxBytes: 10})).toBe('0123456789')
    // /proc reports the size 0 for all files.
    expect(await sandbox.files.read('/proc/cpuinfo')).toContain('processor')
    await expect(sandbox.files.read('/proc/cpuinfo', {maxBytes: 5})).rejects.toMatchObject(failure('EFBIG'))
  })

  test('a full memory is ENOSPC, and the sandbox goes on', async () => {
    const small = await Sandbox.create({platform, isolation, memoryBytes: 8 * MIB})
    await expect(small.files.write('/tmp/x', new Uint8Array(16 * MIB))).rejects.toMatchObject(
      failure('ENOSPC'),
    )
    await small.files.remove('/tmp/x')
    await small.files.write('/tmp/y', 'y')
    expect(await small.files.read('/tmp/y')).toBe('y')
    await small.dispose()
    await expect(small.files.read('/tmp/y')).rejects.toMatchObject({code: 'DISPOSED'})
  })

  test('hundreds of calls at a time are all served', async () => {
    const names = Array.from({length: 300}, (_, index) => `/tmp/c${index}`)
    await Promise.all(names.map((name) => sandbox.files.write(name, name)))
    expect(await Promise.all(names.map((name) => sandbox.files.read(name)))).toEqual(names)
    await Promise.all(names.map((name) => sandbox.files.remove(name)))
  })

  test('with `unveil`, the owner goes where it likes, but not by a link', async () => {
    const veiled = await Sandbox.create({platform, isolation, unveil: {'/tmp': 'rwc'}})
    await veiled.files.makeDirectory('/hidden')
    await veiled.files.write('/hidden/file', 'secret')
    await veiled.run(...sh('echo mine > /tmp/file; ln -s file /tmp/near; ln -s /hidden/file /tmp/far'))
    expect(await veiled.files.read('/hidden/file')).toBe('secret')
    expect(await veiled.files.read('/tmp/near')).toBe('mine\n')
    await expect(veiled.files.read('/tmp/far')).rejects.toMatchObject(failure('ENOENT'))
    await expect(veiled.files.write('/tmp/far', 'x')).rejects.toMatchObject(failure('ENOENT'))
    await veiled.dispose()
  })
})
