// The jail of `hv run`, from inside: before a byte of its program is read, and around a bare machine.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {JailLayer} from '../../src/jail/layer.ts'
import {hv} from '../cli/hv.ts'
import {platforms} from '../guests/run.ts'
import {type Attack, Attacker} from '../helpers/attacker.ts'
import {
  HARMLESS,
  LOOKS,
  OF_FILTER,
  OF_VOLUMES,
  PAST_LANDLOCK,
  SET_IDS,
  TRIES,
  type Try,
} from '../helpers/tries.ts'
import {bareGuest} from '../helpers/vm.ts'
import {BUSYBOX} from './guests.ts'

const TIMEOUT_MS = 60_000
/** For those that have no volumes. */
const withoutVolumes = (tries: readonly Try[]): Try[] => tries.filter((each) => !OF_VOLUMES.includes(each))
const withVolumes = Object.keys(TRIES) as Try[]
const tries = withoutVolumes(withVolumes)
/** Lines in the code of sentry-program.ts, guest-file.ts, bare-program.ts and kernel-machine.ts. */
const READS_PROGRAM = 'function isBareGuest({ fd, name }) {'
const READS_GUEST = 'constructor(fd, path) {'
const RUNS_GUEST = 'launch.decide("machine", false);'
const READS_KERNEL = '#loadKernel() {'
const RUNS_KERNEL = 'async #boot() {'

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

const NAMESPACES_OFF = 'addon.enterNamespaces = () => ({})'
const LANDLOCK_OFF = 'addon.restrictFiles = addon.restrictReach = none'
const FILTER_OFF = 'addon.filterCalls = none'
const MORE_RIGHTS =
  'const {giveUpRights} = addon; addon.giveUpRights = () => giveUpRights([...Array(41).keys()])'

const OF_SET_IDS = Object.keys(SET_IDS) as Try[]
const FILTERED: readonly Try[] = [...OF_SET_IDS, ...OF_FILTER]
/** In the order of the tries. */
const PAST: readonly Try[] = ['fchmodat of a read-only volume', ...OF_SET_IDS, ...PAST_LANDLOCK, ...OF_FILTER]

/** Layers that are left out, and the tries that then succeed. A user's `hv run` has no namespaces. */
const WITHOUT: readonly [
  layers: string,
  as: Attack['as'],
  code: string,
  onKvm: readonly Try[],
  onPtrace: readonly Try[],
][] = [
  ['nothing', 'root', '', [], []],
  ['the filter', 'root', FILTER_OFF, FILTERED, FILTERED],
  ['Landlock', 'root', LANDLOCK_OFF, [], ['signal its owner', 'signal process 1']],
  ['namespaces', 'root', NAMESPACES_OFF, LOOKS, LOOKS],
  ['capabilities', 'root', MORE_RIGHTS, [], []],
  ['nothing', 'nobody', '', [], LOOKS],
  ['the filter', 'nobody', FILTER_OFF, [], PAST],
]

describe.each(platforms)('a program that breaks into hv run by its headers, on %s', (platform) => {
  const rows = WITHOUT.filter(([, as]) => as === 'root' || platform === 'ptrace')
  const volumes = ['--volume', `${attacker.shown}:/s`, '--volume', `${attacker.written}:/w:rw`]

  test.each(rows)(
    'is let nothing more, without %s, as %s',
    {timeout: TIMEOUT_MS},
    async (_, as, code, onKvm, onPtrace) => {
      const words = ['--platform', platform, ...volumes, BUSYBOX]
      const found = await attack(as, READS_PROGRAM, words, {code, tries: withVolumes})
      // A file system may have no attributes for users.
      expect(found.filter((name) => name !== 'setxattr')).toEqual(platform === 'kvm' ? onKvm : onPtrace)
    },
  )

  test('is let nothing without volumes', {timeout: TIMEOUT_MS}, async () => {
    expect(await attack('root', READS_PROGRAM, ['--platform', platform, BUSYBOX])).toEqual([])
  })
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
  const shares = ['--share', `${attacker.shown}:s`, '--share', `${attacker.written}:w:rw:9p`]
  const kernel = ['--kernel', `${bareGuest('kernel-echo')}.bin`, '--timeout', '20']

  test.each<[how: string, begins: string, words: string[]]>([
    ['whose file breaks into hv', READS_KERNEL, kernel],
    ['that breaks out of its machine', RUNS_KERNEL, kernel],
    ['that breaks out of a machine with shares', RUNS_KERNEL, [...shares, ...kernel]],
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
