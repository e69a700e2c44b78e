// Sandbox's pledge, unveil and onSyscall, over the built library.

import {afterEach, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxOptions, type SandboxSyscall} from '../../dist/index.js'
import {BUSYBOX, guest, sh} from './guests.ts'

let sandbox: Sandbox | undefined
afterEach(async () => {
  await sandbox?.dispose()
  sandbox = undefined
})

async function create(options: SandboxOptions): Promise<Sandbox> {
  sandbox = await Sandbox.create(options)
  return sandbox
}

describe('pledge', () => {
  test.each(['stdio tmppath rpath', ['stdio', 'tmppath', 'rpath']])(
    '%j holds for each program',
    async (pledge) => {
      const {run} = bound(await create({pledge}))
      expect(await run(...sh('echo kept > /tmp/file'))).toMatchObject({exitCode: 0, stderr: ''})
      const broken = {call: 'openat', promises: ['wpath'], byItself: false}
      expect(await run(...sh('echo > /file'))).toMatchObject({exitCode: null, signal: 'SIGSYS', broken})
      expect(await run(...sh('read a < /tmp/file; echo $a'))).toMatchObject({stdout: 'kept\n'})
    },
  )

  test('that is none is refused at once', async () => {
    await expect(create({pledge: 'stdio rpth'})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    await expect(create({pledge: ['stdio', 5] as never})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  })

  test('leaves a result without a broken promise as it is', async () => {
    const {run} = bound(await create({pledge: 'stdio'}))
    expect(await run(BUSYBOX, ['true'])).not.toHaveProperty('broken')
  })
})

describe('unveil', () => {
  test('holds for each program', async () => {
    const {run} = bound(await create({unveil: {'/tmp': 'rwc', '/dev/null': 'rwc'}}))
    expect(await run(...sh('echo kept > /tmp/file; echo > /dev/null'))).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
    expect((await run(BUSYBOX, ['ls', '/dev'])).stderr).toContain('No such file or directory')
    expect(await run(BUSYBOX, ['cat', '/tmp/file'])).toMatchObject({stdout: 'kept\n'})
  })

  test('of nothing hides everything', async () => {
    const {run} = bound(await create({unveil: {}}))
    expect(await run(BUSYBOX, ['ls', '/'])).toMatchObject({exitCode: 1, stdout: ''})
  })

  test('refuses what is no path, no letter, or not there', async () => {
    await expect(create({unveil: {tmp: 'r'}})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    await expect(create({unveil: {'/tmp': 'rq'}})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    const {run} = bound(await create({unveil: {'/none/none': 'r'}}))
    await expect(run(BUSYBOX, ['true'])).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  })
})

describe('onSyscall', () => {
  test('sees the calls that are named, with their paths', async () => {
    const seen: SandboxSyscall[] = []
    const look = (call: SandboxSyscall) => void seen.push(call)
    const {run} = bound(await create({onSyscall: {openat: look, write: look}}))
    expect(await run(...sh('echo hi > /tmp/grüße'))).toMatchObject({exitCode: 0})
    const [opened, wrote] = seen.slice(-2)
    expect(opened).toMatchObject({name: 'openat', paths: ['/tmp/grüße']})
    expect(opened.args).toHaveLength(4)
    expect(wrote).toMatchObject({name: 'write', pid: opened.pid, paths: []})
    expect(wrote.args[2]).toBe(3n)
  })

  test('makes calls fail, by name or number', async () => {
    const {run} = bound(
      await create({onSyscall: {unlink: () => ({errno: 'EROFS'}), unlinkat: () => ({errno: 30})}}),
    )
    const {exitCode, stderr} = await run(...sh('echo > /tmp/file; rm /tmp/file'))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Read-only file system')
  })

  test('gives results in the place of calls', async () => {
    const {run} = bound(
      await create({onSyscall: {getuid: () => ({result: 1234}), geteuid: () => ({result: 1234n})}}),
    )
    expect((await run(BUSYBOX, ['id', '-u'])).stdout).toBe('1234\n')
  })

  test('may take its time, and blocks nothing', async () => {
    let ticks = 0
    const {run} = bound(
      await create({
        onSyscall: {
          write: async () => {
            for (let i = 0; i < 5; i++, ticks++) await new Promise((resolve) => setTimeout(resolve, 2))
          },
        },
      }),
    )
    expect((await run(BUSYBOX, ['echo', 'late'])).stdout).toBe('late\n')
    expect(ticks).toBeGreaterThanOrEqual(5)
  })

  test('lets a call that sleeps go on sleeping', async () => {
    const {run} = bound(
      await create({onSyscall: {read: () => {}, clock_nanosleep: () => {}, nanosleep: () => {}}}),
    )
    const started = performance.now()
    expect(await run(BUSYBOX, ['sleep', '0.2'])).toMatchObject({exitCode: 0})
    expect(performance.now() - started).toBeGreaterThan(195)
    expect((await run(BUSYBOX, ['cat'], {stdin: 'piped'})).stdout).toBe('piped')
  })

  test('stops the program and rejects its run when it throws', async () => {
    const mine = new Error('not this one')
    let throws = true
    const {run} = bound(
      await create({
        onSyscall: {
          write: () => {
            if (throws) throw mine
          },
        },
      }),
    )
    await expect(run(BUSYBOX, ['echo', 'hi'])).rejects.toBe(mine)
    throws = false
    expect((await run(BUSYBOX, ['echo', 'hi'])).stdout).toBe('hi\n')
  })

  test.each([{errno: 'ENOSUCH'}, {errno: 0}, {result: -1}, {result: 1.5}])(
    'takes no verdict %j',
    async (verdict) => {
      const {run} = bound(await create({onSyscall: {write: () => verdict}}))
      await expect(run(BUSYBOX, ['echo', 'hi'])).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    },
  )

  test('that never answers is ended by abort, by the time-out, and by dispose', async () => {
    const never = () => new Promise<undefined>(() => {})
    const each = await create({onSyscall: {write: never}})
    const controller = new AbortController()
    const aborted = each.run(BUSYBOX, ['echo', 'hi'], {signal: controller.signal})
    setTimeout(() => controller.abort(), 50)
    await expect(aborted).rejects.toMatchObject({name: 'AbortError'})
    expect(await each.run(BUSYBOX, ['echo', 'hi'], {timeoutMs: 50})).toMatchObject({timedOut: true})
    const disposed = each.run(BUSYBOX, ['echo', 'hi'])
    setTimeout(() => each.dispose(), 50)
    await expect(disposed).rejects.toMatchObject({code: 'DISPOSED'})
  })

  test('does not get the answers of a run before', async () => {
    const answers: (() => void)[] = []
    const each = await create({
      onSyscall: {write: () => new Promise((resolve) => answers.push(() => resolve({errno: 'EIO'})))},
    })
    const controller = new AbortController()
    const first = each.run(BUSYBOX, ['echo', 'hi'], {signal: controller.signal})
    while (answers.length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    await expect(first).rejects.toMatchObject({name: 'AbortError'})
    const other = new AbortController()
    const second = each.run(BUSYBOX, ['echo', 'hi'], {signal: other.signal})
    while (answers.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    answers[0]()
    setTimeout(() => other.abort(), 1000)
    await expect(second).rejects.toMatchObject({name: 'AbortError'})
  })

  test('keeps signals for after the call', async () => {
    const {run} = bound(
      await create({onSyscall: {getppid: () => new Promise((resolve) => setTimeout(resolve, 30))}}),
    )
    expect(await run(...sh('trap "echo caught" USR1; kill -USR1 $$; echo $PPID; exit 0'))).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('caught'),
    })
  })

  test('is not asked about what a pledge forbids', async () => {
    const asked: string[] = []
    const look = ({name}: SandboxSyscall) => void asked.push(name)
    const {run} = bound(await create({pledge: 'stdio', onSyscall: {setuid: look, getuid: look}}))
    expect(await run(guest('identity'))).toMatchObject({signal: 'SIGSYS'})
    expect(asked).not.toContain('setuid')
  })

  test('refuses names that no call has, and what is no function', async () => {
    await expect(create({onSyscall: {opn: () => {}}})).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: 'onSyscall: there is no system call "opn"',
    })
    await expect(create({onSyscall: {rt_sigreturn: () => {}}})).rejects.toMatchObject({
      message: "onSyscall: rt_sigreturn is the end of a signal's handler, and nothing to ask about",
    })
    await expect(create({onSyscall: {open: 5} as never})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  })
})

/** `run` without its object. */
function bound(each: Sandbox): {run: Sandbox['run']} {
  return {run: each.run.bind(each) as Sandbox['run']}
}
