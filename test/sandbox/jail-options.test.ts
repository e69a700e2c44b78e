// What a sandbox says about its jail, and which options it takes.

import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {platforms} from '../guests/run.ts'
import {BUSYBOX, livingBelow, places} from './guests.ts'

const scratch = mkdtempSync(join(tmpdir(), 'hv-jail-options-'))
afterAll(() => rmSync(scratch, {recursive: true, force: true}))
const isRoot = process.geteuid?.() === 0
const volumes = [{host: scratch, guest: '/v', writable: true}]

describe.each(platforms)('the jail of a sandbox on %s', (platform) => {
  test('has all its layers', async () => {
    await using sandbox = await Sandbox.create({platform})
    const off = sandbox.jail.filter(({status}) => status === 'refused').map(({name}) => name)
    expect(off).toEqual([])
    expect(sandbox.jail.find(({name}) => name === 'seccomp')?.status).toBe('on')
  })

  test('lets its guests share no branch predictors, where this host has a say in that', async () => {
    await using sandbox = await Sandbox.create({platform})
    const isOn = sandbox.jail.some(({name, status}) => name === 'speculation' && status === 'on')
    // The sandbox's own process, and on ptrace its guests'.
    const states = livingBelow('self')
      .map(({pid}) => readFileSync(`/proc/${pid}/status`, 'latin1'))
      .filter((text) => /^Name:\t(node|memfd:hv-stub)$/m.test(text))
      .map((text) => /^SpeculationIndirectBranch:\t(.*)$/m.exec(text)?.[1])
    expect(states.length).toBeGreaterThan(platform === 'ptrace' ? 1 : 0)
    expect(states.filter((state) => /(force |^always )disabled$/.test(state ?? ''))).toHaveLength(
      isOn ? states.length : 0,
    )
  })

  test('is none where none is wanted, and for a thread', async () => {
    await using without = await Sandbox.create({platform, jail: 'none'})
    await using thread = await Sandbox.create({platform, isolation: 'thread'})
    expect([without.jail, thread.jail]).toEqual([[], []])
    expect((await without.run(BUSYBOX, ['echo', 'hi'])).stdout).toBe('hi\n')
  })

  test.skipIf(!isRoot)('leaves root what root does in a volume', async () => {
    writeFileSync(join(scratch, 'theirs'), 'x', {mode: 0o600})
    await using sandbox = await Sandbox.create({platform, volumes})
    const script = 'chown 5:6 /v/theirs && chmod 400 /v/theirs && echo y > /v/theirs && mv /v/theirs /v/ours'
    expect(await sandbox.run(BUSYBOX, ['sh', '-c', script])).toMatchObject({exitCode: 0, stderr: ''})
    expect(statSync(join(scratch, 'ours'))).toMatchObject({uid: 5, gid: 6})
    expect(readFileSync(join(scratch, 'ours'), 'utf8')).toBe('y\n')
  })

  test.skipIf(!isRoot)('makes the program somebody else’s by dropTo', async () => {
    await using sandbox = await Sandbox.create({
      platform,
      volumes,
      dropTo: {uid: 77, gid: 78},
      jail: 'required',
    })
    const script = 'id; (exit 3); touch /v/new || cat /v/secret'
    writeFileSync(join(scratch, 'secret'), 'x', {mode: 0o600})
    const {stdout, stderr} = await sandbox.run(BUSYBOX, ['sh', '-c', script])
    expect(stdout).toBe('uid=77 gid=78\n')
    expect(stderr).toMatch(/new: Permission denied\n.*secret'?: Permission denied\n$/)
  })

  test.skipIf(!isRoot)('leaves root behind by dropTo, without any other layer', async () => {
    await using sandbox = await Sandbox.create({platform, volumes, dropTo: {uid: 77, gid: 78}, jail: 'none'})
    expect(sandbox.jail).toEqual([{name: 'capabilities', status: 'on'}])
    const {stdout, stderr} = await sandbox.run(BUSYBOX, ['sh', '-c', 'id; touch /v/theirs-now'])
    expect([stdout, stderr]).toEqual(['uid=77 gid=78\n', expect.stringContaining('Permission denied')])
  })

  test('lets a program run that lies where only its owner can look', async () => {
    const program = join(scratch, 'busybox')
    writeFileSync(program, readFileSync(BUSYBOX), {mode: 0o700})
    await using sandbox = await Sandbox.create({platform})
    for (let run = 0; run < 3; run++)
      expect((await sandbox.run(program, ['cat', '/proc/self/comm'])).stdout).toBe('busybox\n')
  })
})

test.each(places)('a program that is not there is an error of its run alone: %o', async (place) => {
  await using sandbox = await Sandbox.create(place)
  await expect(sandbox.run('/no/such/program')).rejects.toMatchObject({code: 'NOT_FOUND'})
  await expect(sandbox.run(scratch)).rejects.toMatchObject({code: 'NOT_EXECUTABLE'})
  expect((await sandbox.run(BUSYBOX, ['echo', 'hi'])).stdout).toBe('hi\n')
})

test.each(['best', 'required', 'none'] as const)(
  'a parent that takes no cgroup is an error, with a jail that is %s',
  async (jail) => {
    await expect(Sandbox.create({cgroupParent: scratch, jail})).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining(`${scratch} takes no cgroup of hv's: `),
      nextStep: expect.stringMatching(/\w/),
    })
  },
)

test('what a thread cannot have is refused', async () => {
  for (const options of [{jail: 'required'}, {dropTo: {uid: 1, gid: 1}}, {cgroupParent: '/'}] as const)
    await expect(Sandbox.create({isolation: 'thread', ...options})).rejects.toThrow('has no jail of its own')
  await expect(Sandbox.create({jail: 'moat' as never})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  await expect(Sandbox.create({dropTo: {uid: 0, gid: 0}})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
})
