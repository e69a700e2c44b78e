// Sandbox.run: what goes in, what comes out, over the built library, on each platform.

import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {allPlaces, BUSYBOX, guest} from './guests.ts'

describe.each(allPlaces)('on $platform, in a $isolation', ({platform, isolation}) => {
  describe('a sandbox of host programs', () => {
    let sandbox: Sandbox
    beforeAll(async () => {
      sandbox = await Sandbox.create({platform, isolation})
    })
    afterAll(() => sandbox.dispose())

    test('gives output and exit status', async () => {
      const result = await sandbox.run(guest('hello'))
      expect(result).toMatchObject({exitCode: 0, signal: null, timedOut: false, stderr: ''})
      expect(result.stdout).toMatch(/^hello/i)
      expect(result.stats.syscalls).toBeGreaterThan(1)
    })

    test("shows a host's name, start and processor that are not the host's", async () => {
      const script =
        'uname -n; cat /proc/sys/kernel/hostname; cat /proc/uptime; grep btime /proc/stat; cat /proc/cpuinfo'
      const {stdout} = await sandbox.run(BUSYBOX, ['sh', '-c', script])
      const [name, again, uptime, btime, ...cpus] = stdout.split('\n')
      expect([name, again]).toEqual(['hv', 'hv'])
      expect(Number.parseFloat(uptime)).toBeLessThan(600)
      expect(Math.abs(Number(btime.slice('btime '.length)) - Date.now() / 1e3)).toBeLessThan(600)
      const [model] = /^model name.*$/m.exec(readFileSync('/proc/cpuinfo', 'latin1')) ?? ['none']
      expect(cpus).not.toContain(model)
      await using named = await Sandbox.create({platform, isolation, hostname: 'box.example'})
      expect((await named.run(BUSYBOX, ['uname', '-n'])).stdout).toBe('box.example\n')
    })

    test('counts the CPU time of each program from its own start', async () => {
      expect((await sandbox.run(BUSYBOX, ['sleep', '0.2'])).exitCode).toBe(0)
      expect(await sandbox.run(guest('system-info'))).toMatchObject({exitCode: 0, stderr: ''})
    })

    test('counts processes, tasks and their CPU time', async () => {
      const script = 'i=0; while [ $i -lt 9999 ]; do i=$((i+1)); done & wait'
      const {stats} = await sandbox.run(BUSYBOX, ['sh', '-c', script])
      expect(stats).toMatchObject({processes: 2, tasks: 2})
      expect(stats.cpus).toBeGreaterThanOrEqual(1)
      expect(stats.cpuNs).toBeGreaterThan(1e6)
      expect((await sandbox.run(BUSYBOX, ['true'])).stats).toMatchObject({processes: 1, tasks: 1})
    })

    test('has as many processes and threads as it may', async () => {
      await using small = await Sandbox.create({platform, isolation, maxTasks: 3, cpus: 1})
      const script = 'sleep 9 & sleep 9 & sleep 9 & echo all'
      const {exitCode, stdout, stderr} = await small.run(BUSYBOX, ['sh', '-c', script])
      expect({exitCode, stdout}).toEqual({exitCode: 2, stdout: ''})
      expect(stderr).toContain("can't fork: Resource temporarily unavailable")
    })

    test('runs for as long as it takes with a time-out of 0', async () => {
      const {exitCode, timedOut} = await sandbox.run(BUSYBOX, ['sleep', '0.2'], {
        timeoutMs: 0,
        cpuTimeoutMs: 0,
      })
      expect({exitCode, timedOut}).toEqual({exitCode: 0, timedOut: false})
    })

    test('says that a program asked for what is outside, and which rule would have allowed it', async () => {
      const {exitCode, stderr, refused, neededRules} = await sandbox.run(BUSYBOX, ['nc', '192.0.2.1', '80'])
      expect({exitCode, refused, neededRules}).toMatchObject({
        ...{exitCode: 1, refused: {connect: 1}},
        neededRules: ['192.0.2.1:80'],
      })
      expect(stderr).toContain('Permission denied')
      const alone = await sandbox.run(BUSYBOX, ['nc', '127.0.0.1', '80'])
      expect([alone.exitCode, alone.refused?.connect, alone.neededRules]).toEqual([1, undefined, undefined])
      expect(alone.stderr).toContain('Connection refused')
    })

    test('keeps standard error and exit status apart', async () => {
      const result = await sandbox.run(BUSYBOX, ['sh', '-c', 'echo out; echo err >&2; exit 7'])
      expect(result).toMatchObject({exitCode: 7, stdout: 'out\n', stderr: 'err\n'})
    })

    test('feeds standard input and then its end', async () => {
      const stdin = 'grüße\n'.repeat(20_000)
      expect((await sandbox.run(BUSYBOX, ['cat'], {stdin})).stdout).toBe(stdin)
      const counted = await sandbox.run(BUSYBOX, ['wc', '-c'], {stdin: new Uint8Array(12345)})
      expect(counted.stdout.trim()).toBe('12345')
    })

    test('reads an empty standard input unless one is given', async () => {
      expect((await sandbox.run(BUSYBOX, ['wc', '-c'])).stdout.trim()).toBe('0')
    })

    test('leaves bytes as they are on request', async () => {
      const stdin = Uint8Array.from({length: 256}, (_, i) => i)
      const {stdout} = await sandbox.run(BUSYBOX, ['cat'], {stdin, encoding: 'buffer'})
      expect([...stdout]).toEqual([...stdin])
    })

    test('gives the guest its variables and none of the host', async () => {
      const {stdout} = await sandbox.run(BUSYBOX, ['env'], {env: {LANG: 'C', HOME: '/home'}})
      const names = stdout.trim().split('\n').sort()
      expect(names).toEqual([
        expect.stringMatching(/^HOME=\/home$/),
        'LANG=C',
        expect.stringMatching(/^PATH=/),
        'TERM=dumb',
      ])
    })

    test('starts in cwd', async () => {
      expect((await sandbox.run(BUSYBOX, ['pwd'], {cwd: '/tmp'})).stdout).toBe('/tmp\n')
    })

    test('says no space behind maxOutputBytes, and what came before stays', async () => {
      const result = await sandbox.run(BUSYBOX, ['cat'], {stdin: 'x'.repeat(50_000), maxOutputBytes: 10_000})
      expect(result.stdout).toBe('x'.repeat(10_000))
      expect(result.outputTruncated).toBe(true)
      expect(result.exitCode).toBe(1)
    })

    test('names the signal that a crash ends with', async () => {
      expect(await sandbox.run(guest('die-segv'))).toMatchObject({exitCode: null, signal: 'SIGSEGV'})
      expect(await sandbox.run(guest('die-abort'))).toMatchObject({exitCode: null, signal: 'SIGABRT'})
    })

    test('says when memory was full', async () => {
      await using small = await Sandbox.create({platform, isolation, memoryBytes: 16 << 20})
      const hoard = ['awk', 'BEGIN {s = "x"; while (1) s = s s}']
      expect(await small.run(BUSYBOX, hoard)).toMatchObject({
        outOfMemory: true,
        signal: 'SIGKILL',
        timedOut: false,
      })
      expect(await small.run(BUSYBOX, ['true'])).toMatchObject({outOfMemory: false, exitCode: 0})
    })

    test('leaves files to the next program', async () => {
      await sandbox.run(BUSYBOX, ['sh', '-c', 'echo kept > /tmp/file'])
      expect((await sandbox.run(BUSYBOX, ['cat', '/tmp/file'])).stdout).toBe('kept\n')
    })

    test('runs what is asked for at once, each with its own output', async () => {
      const results = await Promise.all([1, 2, 3].map((i) => sandbox.run(BUSYBOX, ['echo', `${i}`])))
      expect(results.map(({stdout}) => stdout)).toEqual(['1\n', '2\n', '3\n'])
    })

    test('rejects with a code and a next step, and goes on', async () => {
      const missing = sandbox.run('/no/such/program')
      await expect(missing).rejects.toMatchObject({name: 'HvError', code: 'NOT_FOUND'})
      await expect(sandbox.run('/etc/passwd')).rejects.toMatchObject({
        code: expect.stringMatching(/NOT_EXECUTABLE|BAD_ELF/),
      })
      await expect(sandbox.run(BUSYBOX, ['true'], {timeoutMs: -1})).rejects.toMatchObject({
        code: 'BAD_ARGUMENT',
      })
      await expect(sandbox.run(BUSYBOX, ['a\0b'])).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
      expect((await sandbox.run(BUSYBOX, ['true'])).exitCode).toBe(0)
    })

    test('runs hundreds of programs one after another', async () => {
      for (let i = 0; i < 100; i++) {
        expect((await sandbox.run(guest('hello'))).exitCode).toBe(0)
        expect((await sandbox.run(BUSYBOX, ['sh', '-c', `echo ${i}`])).stdout).toBe(`${i}\n`)
      }
    })
  })

  describe('a sandbox with a root', () => {
    const host = mkdtempSync(join(tmpdir(), 'hv-sandbox-'))
    afterAll(() => rmSync(host, {recursive: true}))

    test('runs guest paths, and the host keeps its files', async () => {
      writeFileSync(join(host, 'note'), 'of the host')
      await using sandbox = await Sandbox.create({
        platform,
        root: host,
        volumes: [{host: BUSYBOX, guest: '/bin/busybox'}],
      })
      expect((await sandbox.run('busybox', ['cat', '/note'])).stdout).toBe('of the host')
      await sandbox.run('/bin/busybox', ['sh', '-c', 'echo changed > /note'])
      expect((await sandbox.run('busybox', ['cat', '/note'])).stdout).toBe('changed\n')
      expect(readFileSync(join(host, 'note'), 'utf8')).toBe('of the host')
    })

    test('that is not there rejects', async () => {
      await expect(Sandbox.create({platform, isolation, root: '/no/such/root'})).rejects.toMatchObject({
        name: 'HvError',
      })
      await expect(Sandbox.create({platform, isolation, memoryBytes: 5})).rejects.toMatchObject({
        code: 'MEMORY_SIZE',
      })
    })
  })
})
