// onSyscall in both isolations: decoded arguments, and the look after a call.

import {once} from 'node:events'
import {afterEach, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {
  onConnect,
  onOpen,
  Sandbox,
  type SandboxConnect,
  type SandboxOpen,
  type SandboxSyscall,
  type SyscallHandlers,
  type SyscallOutcome,
  type SyscallVerdict,
} from '../../dist/index.js'
import {arch} from '../../src/arch/index.ts'
import {table} from '../../src/sentry/syscalls/table.ts'
import {BUSYBOX, guest, places, sh} from './guests.ts'

/** Their calls are interrupted, restarted, woken, or never return. */
const GUESTS = [
  ...['restart', 'futex-threads', 'signal-passing', 'fork', 'exec', 'poll', 'unix-stream', 'sigwait'],
  // It makes its calls in a page that only x86_64 has.
  ...(arch.name === 'x86_64' ? ['vsyscall'] : []),
]
/** All calls that can have a hook. */
const names = table.map(({name}) => name).filter((name) => name !== 'rt_sigreturn')
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(places)('on $platform, in a $isolation', (place) => {
  const {platform, isolation} = place
  let sandbox: Sandbox | undefined
  afterEach(() => sandbox?.dispose())

  async function create(onSyscall: SyscallHandlers): Promise<Sandbox> {
    sandbox = await Sandbox.create({platform, isolation, onSyscall})
    return sandbox
  }

  /** The results that the hook was told for a run's calls: `name:result`. */
  async function ends(names: string[], ...program: [string, string[]]): Promise<string[]> {
    const told: string[] = []
    const after = ({name}: SandboxSyscall, {result, errno, interrupted}: SyscallOutcome) =>
      void told.push(`${name}:${errno ?? result}${interrupted ? '!' : ''}`)
    const each = await create(Object.fromEntries(names.map((name) => [name, {after}])))
    await each.run(...program, {timeoutMs: stepMs('command')})
    return told
  }

  test('arguments are decoded: paths with where they lead, flags, bytes, descriptors', async () => {
    const seen: SandboxSyscall[] = []
    const look = (call: SandboxSyscall) => void seen.push(call)
    const each = await create({openat: look, write: look, unlink: look, unlinkat: look})
    await each.run(...sh('ln -s /tmp /link; cd /link; echo grüße > ../tmp/datei; rm /link'))
    const opened = seen.findLast(({name}) => name === 'openat')!
    expect(opened.decoded.slice(0, 3)).toMatchObject([
      {kind: 'descriptor', value: -100, text: 'AT_FDCWD'},
      {kind: 'path', value: '../tmp/datei', resolved: '/tmp/datei', text: '"../tmp/datei"'},
      {kind: 'flags', value: expect.arrayContaining(['O_WRONLY', 'O_CREAT', 'O_TRUNC'])},
    ])
    expect(opened.decoded).toHaveLength(opened.args.length)
    const wrote = seen.find(({name}) => name === 'write')!
    expect(wrote.decoded[1]).toMatchObject({kind: 'bytes', length: 8})
    expect(`${Buffer.from(wrote.decoded[1].value as Uint8Array)}`).toBe('grüße\n')
    const removed = seen.at(-1)!.decoded.find(({kind}) => kind === 'path')
    expect(removed).toMatchObject({value: '/link', resolved: '/link'})
    expect(wrote.tid).toBe(wrote.pid)
  })

  test('what a guest makes long or points nowhere is bounded, and does not end the sandbox', async () => {
    const seen: SandboxSyscall[] = []
    const look = (call: SandboxSyscall) => void seen.push(call)
    const each = await create(Object.fromEntries(names.map((name) => [name, look])))
    expect(await each.run(...sh('head -c 100000 /dev/zero > /tmp/zeros'))).toMatchObject({exitCode: 0})
    const bytes = seen.flatMap(({decoded}) => decoded.filter(({kind}) => kind === 'bytes'))
    expect(Math.max(...bytes.map(({value}) => (value as Uint8Array)?.length ?? 0))).toBe(4096)
    expect(await each.run(guest('bad-pointers'))).toMatchObject({exitCode: 0})
    expect(await each.run(guest('deep-paths'))).toMatchObject({exitCode: 0})
    expect(seen.some(({paths}) => paths.includes(undefined))).toBe(true)
  })

  test('onOpen decides by where a path leads, whatever call opens it', async () => {
    const opened: SandboxOpen[] = []
    const each = await create(
      onOpen((open) => {
        opened.push(open)
        return open.mayWrite && open.resolved?.startsWith('/etc/') ? {errno: 'EACCES'} : undefined
      }),
    )
    await each.run(...sh('mkdir /etc; ln -s /etc /tmp/e; cd /etc'))
    for (const path of ['/etc/a', '../etc/a', '/tmp/e/a', '/proc/self/root/etc/a'])
      expect((await each.run(...sh(`cd /tmp; echo > ${path}`))).stderr).toContain('Permission denied')
    expect((await each.run(...sh('echo > /tmp/a; cat /tmp/a'))).exitCode).toBe(0)
    expect(opened.at(-1)).toMatchObject({path: '/tmp/a', flags: ['O_RDONLY'], mayWrite: false})
    expect((await each.run(guest('open'))).exitCode).toBe(0)
  })

  test('onConnect sees addresses', async () => {
    const seen: SandboxConnect[] = []
    const each = await create(
      onConnect((connect) => {
        seen.push(connect)
        return {errno: 'ECONNREFUSED'}
      }),
    )
    await each.run(BUSYBOX, ['logger', 'hello'])
    expect(seen[0].address).toEqual({family: 'AF_UNIX', path: '/dev/log'})
  })

  test.each([
    ['no object', 5],
    ['a text', 'EPERM'],
    ['nothing in it', {}],
    ['an unknown errno', {errno: 'EFOO'}],
    ['no errno', {errno: 0}],
    ['no number', {result: Number.NaN}],
    ['both', {errno: 'EPERM', result: 0}],
  ])('a verdict with %s is an error of the run, and the sandbox goes on', async (_, verdict) => {
    const verdicts: unknown[] = [verdict]
    const each = await create({getuid: () => verdicts.pop() as SyscallVerdict})
    await expect(each.run(BUSYBOX, ['id', '-ru'])).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringMatching(/^onSyscall's handler of getuid: /),
    })
    expect((await each.run(BUSYBOX, ['true'])).exitCode).toBe(0)
  })

  test('after is told the result or the errno, before the program sees it', async () => {
    const order: string[] = []
    const slow = async (call: SandboxSyscall, {result, errno}: SyscallOutcome) => {
      await sleep(20)
      order.push(`${call.name} ${call.paths[0] ?? ''} ${errno ?? (result! >= 0 ? 'done' : '')}`)
    }
    const before = ({name}: SandboxSyscall) => void order.push(`before ${name}`)
    const each = await create({mkdir: {before, after: slow}, mkdirat: {before, after: slow}})
    await each.run(...sh('mkdir /a; mkdir /a; mkdir /none/b'))
    expect(order.map((text) => text.replaceAll('mkdirat', 'mkdir'))).toEqual([
      'before mkdir',
      'mkdir /a done',
      'before mkdir',
      'mkdir /a EEXIST',
      'before mkdir',
      'mkdir /none/b ENOENT',
    ])
  })

  test('after is not told of calls that before answers, and what it returns counts for nothing', async () => {
    const told: string[] = []
    const after = ({name}: SandboxSyscall) => {
      told.push(name)
      return {errno: 'EIO'}
    }
    const each = await create({
      getuid: {before: () => ({result: 77}), after},
      geteuid: {before: () => ({errno: 'EPERM'}), after},
      getcwd: {after},
    })
    expect((await each.run(BUSYBOX, ['id', '-ru'])).stdout).toBe('77\n')
    expect((await each.run(BUSYBOX, ['pwd'])).stdout).toBe('/\n')
    expect(new Set(told)).toEqual(new Set(['getcwd']))
  })

  test('calls that do not return are not told of; forks are, once', async () => {
    const ending = ['execve', 'exit', 'exit_group', 'fork', 'vfork', 'clone', 'clone3']
    const told = await ends(ending, ...sh('/none/none; (exit 3); busybox true; trap : USR1; kill -USR1 $$'))
    const forks = told.filter((text) => /^(v?fork|clone3?):\d+$/.test(text))
    expect(forks.length).toBeGreaterThanOrEqual(2)
    expect(told.filter((text) => !forks.includes(text) && text !== 'execve:ENOENT')).toEqual([])
  })

  test('a call that a signal interrupts is told of, once, and the one that is made anew is another', async () => {
    const told: string[] = []
    const after = ({name}: SandboxSyscall, {result, errno, interrupted}: SyscallOutcome) =>
      void told.push(`${name}:${errno ?? result}${interrupted ? '!' : ''}`)
    const each = await create({wait4: {after}})
    const sleeper = 'sh -c "echo \\$\\$; exec sleep 1000"'
    const child = each.spawn(...sh(`trap "echo caught" USR1; true & ${sleeper}; wait; exit 0`))
    const [[pid]] = [await once(child.stdout, 'data')]
    const interruptions = () => told.filter((text) => text === 'wait4:EINTR!').length
    // A signal that comes before the call does not interrupt it.
    let sent = 0
    for (; interruptions() === 0; sent++) {
      await each.run(BUSYBOX, ['kill', '-USR1', `${child.pid}`])
      await expect
        .poll(interruptions, {timeout: 3000})
        .toBeGreaterThan(0)
        .catch(() => {})
    }
    await each.run(BUSYBOX, ['kill', `${pid}`.trim()])
    expect(await child.wait()).toMatchObject({exitCode: 0})
    expect(interruptions()).toBeLessThanOrEqual(sent)
    expect(told.filter((text) => /^wait4:\d+$/.test(text)).length).toBeGreaterThanOrEqual(2)
  })

  test('a call in which its process is killed is not told of', async () => {
    const script = 'sleep 100 & p=$!; sleep 0.1; kill -9 $p; wait $p; echo $?'
    const told = await ends(['nanosleep', 'clock_nanosleep'], ...sh(script))
    expect(told.map((text) => text.replace('clock_', ''))).toEqual(['nanosleep:0'])
  })

  test('what after throws ends the program, and its run rejects with it', async () => {
    const mine = new Error('not this one')
    const each = await create({
      write: {
        after: () => {
          throw mine
        },
      },
    })
    await expect(each.run(BUSYBOX, ['echo', 'hi'])).rejects.toBe(mine)
  })

  test.each(GUESTS)('the guest %s passes with a handler before and after each of its calls', async (name) => {
    const hooks = {before: () => {}, after: () => {}}
    const each = await create(Object.fromEntries(names.map((each) => [each, hooks])))
    expect(await each.run(guest(name), [], {timeoutMs: stepMs('command')})).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
    })
  })

  test('a storm of interrupted calls waits for who is told of them', async () => {
    const controller = new AbortController()
    let [told, open, most] = [0, 0, 0]
    const after = async (_: SandboxSyscall, {interrupted}: SyscallOutcome) => {
      if (interrupted && ++told === 10) controller.abort()
      most = Math.max(most, ++open)
      await sleep(5)
      open--
    }
    const each = await create({rt_sigsuspend: {after}})
    const pause = 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done'
    const storm = sh(`trap : USR1; (while kill -USR1 $$; do ${pause}; done) & while :; do wait $!; done`)
    await expect(each.run(...storm, {signal: controller.signal})).rejects.toThrow('aborted')
    expect(most).toBe(1)
  })

  test('questions that nobody answers, of tasks that are gone, are bounded', async () => {
    let asked = 0
    const each = await create({getppid: () => new Promise(() => asked++)})
    const script = 'while :; do sh -c echo & kill -9 $!; done'
    await each.run(...sh(script), {timeoutMs: 3000})
    expect(asked).toBeLessThanOrEqual(1024)
  })
})
