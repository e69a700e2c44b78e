// The jail of `hv run`, from inside: before a byte of its program is read, and around a bare machine.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {JailLayer} from '../../src/jail/layer.ts'
import {hv} from '../cli/hv.ts'
import {platforms} from '../guests/run.ts'
import {type Attack, Attacker, HARMLESS, OF_FILTER, TRIES, type Try} from '../helpers/attacker.ts'
import {bareGuest} from '../helpers/vm.ts'
import {BUSYBOX} from './guests.ts'

const TIMEOUT_MS = 60_000
/** `hv run` has no volumes here. */
const OF_VOLUMES: Try = 'write to a read-only volume'
const withoutVolumes = (tries: readonly Try[]): Try[] => tries.filter((each) => each !== OF_VOLUMES)
const tries = withoutVolumes(Object.keys(TRIES) as Try[])
/** Lines in the code of run-linux.ts, guest-file.ts, run-bare.ts and kernel-machine.ts. */
const READS_PROGRAM = 'function isBareGuest({ fd, name }) {'
const READS_GUEST = 'static read(fd, path) {'
const RUNS_GUEST = 'options.onLoaded?.();'
const READS_KERNEL = 'async run(onLoaded = () => {}) {'
const RUNS_KERNEL = 'onLoaded();'

const folder = mkdtempSync(join(tmpdir(), 'hv-jail-'))
afterAll(() => rmSync(folder, {recursive: true}))
const core = join(folder, 'core')

const attacker = new Attacker()
beforeAll(() => attacker.begin())
afterAll(() => attacker.end())

function attack(as: Attack['as'], begins: string, words: string[], more: Partial<Attack> = {}) {
  const owner = (copy: string): string => `
    const {spawnSync} = require('node:child_process')
    const argv = ${JSON.stringify([join(copy, 'dist/bin/hv.cjs'), 'run', ...words])}
    spawnSync(process.execPath, argv, {stdio: 'inherit'})`
  return attacker.letTo({as, begins, owner, tries, process: 'bin/hv.cjs', ...more})
}

describe.each(platforms)('a program that breaks into hv run by its headers, on %s', (platform) => {
  test.each(platform === 'kvm' ? (['root'] as const) : (['root', 'nobody'] as const))(
    'is let nothing, as %s',
    {timeout: TIMEOUT_MS},
    async (as) => {
      expect(await attack(as, READS_PROGRAM, ['--platform', platform, BUSYBOX])).toEqual([])
    },
  )
})

describe.each(platforms.filter((platform) => platform === 'kvm'))('a bare-metal guest, on %s', () => {
  const guest = bareGuest('hello')

  test.each<[how: string, begins: string, words: string[]]>([
    ['whose file breaks into hv', READS_GUEST, ['--machine', 'bare', guest]],
    ['whose file breaks into hv, found out to be one,', READS_GUEST, [guest]],
    ['that breaks out of its machine', RUNS_GUEST, ['--machine', 'bare', guest]],
    ['that breaks out of its machine, found out to be one,', RUNS_GUEST, [guest]],
    ['that breaks out of a machine that may leave a core', RUNS_GUEST, ['--core', core, guest]],
  ])('%s is let nothing', {timeout: TIMEOUT_MS}, async (_, begins, words) => {
    expect(await attack('root', begins, words)).toEqual([])
  })

  test.each([[['--machine', 'bare']], [[]]])('its layers are told, and may be required: %j', (words) => {
    const flags = ['--stats=json', '--require-jail', '--drop-to', '65534:65534', ...words]
    const {status, stderr} = hv(['run', ...flags, guest])
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^\{.*\}\n$/)])
    const {jail} = JSON.parse(stderr) as {jail: JailLayer[]}
    const on = jail.filter(({status}) => status === 'on').map(({name}) => name)
    expect(on).toEqual(expect.arrayContaining(['landlock-files', 'capabilities', 'seccomp']))
  })

  test('without the filter, it is let what other layers do not refuse', {timeout: TIMEOUT_MS}, async () => {
    const code = 'addon.filterCalls = none'
    const found = await attack('root', RUNS_GUEST, ['--machine', 'bare', guest], {code})
    expect(found).toEqual(OF_FILTER)
  })

  test('without a jail, it is let everything', {timeout: TIMEOUT_MS}, async () => {
    const harmless = withoutVolumes(HARMLESS)
    const words = ['--no-jail', '--machine', 'bare', guest]
    expect(await attack('root', RUNS_GUEST, words, {tries: harmless})).toEqual(harmless)
  })
})

describe.each(platforms.filter((platform) => platform === 'kvm'))('a kernel, on %s', () => {
  const kernel = ['--kernel', `${bareGuest('kernel-echo')}.bin`, '--timeout', '20']

  test.each<[how: string, begins: string, words: string[]]>([
    ['whose file breaks into hv', READS_KERNEL, kernel],
    ['that breaks out of its machine', RUNS_KERNEL, kernel],
    ['that breaks out of a machine that may be made anew', RUNS_KERNEL, ['--reboot', ...kernel]],
    ['that breaks out of a machine that may leave a core', RUNS_KERNEL, ['--core', core, ...kernel]],
    ["that breaks out of a program's machine", RUNS_KERNEL, ['--with-libs', ...kernel, BUSYBOX]],
    [
      "that breaks out of a program's machine, in which a core may be left",
      RUNS_KERNEL,
      ['--core', core, '--with-libs', ...kernel, BUSYBOX],
    ],
  ])('%s is let nothing', {timeout: TIMEOUT_MS}, async (_, begins, words) => {
    expect(await attack('root', begins, words)).toEqual([])
  })

  test('without a jail, it is let everything', {timeout: TIMEOUT_MS}, async () => {
    const harmless = withoutVolumes(HARMLESS)
    expect(await attack('root', RUNS_KERNEL, ['--no-jail', ...kernel], {tries: harmless})).toEqual(harmless)
  })
})
