// The jail, from inside: a sentry with an attacker's code tries what that would. Each layer is there, and holds without the others.

import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {platforms} from '../guests/run.ts'
import {type Attack, Attacker} from '../helpers/attacker.ts'
import {tarOf} from '../helpers/tar.ts'
import {HARMLESS, LOOKS, OF_FILTER, SET_IDS, TRIES, type Try} from '../helpers/tries.ts'

const TIMEOUT_MS = 60_000
const ALL = Object.keys(TRIES) as Try[]
const OFF = '/* no jail */'
/** All namespaces: those that the process starts in, and those that it enters. */
const NAMESPACES_OFF = 'addon.enterNamespaces = () => ({})'
const LANDLOCK_OFF = 'addon.restrictFiles = addon.restrictReach = none'
/** In the code of serve.ts: a line after the jail has closed. */
const CLOSED = 'let shallClose = false;'
/** In the code of open-tar.ts, before a byte of an archive is read. */
const READS_ARCHIVE = 'async function readTar(file, room, onUnpack) {'

const OF_SET_IDS = Object.keys(SET_IDS) as Try[]

const attacker = new Attacker()
const archive = join(attacker.folder, 'root.tar')
beforeAll(async () => {
  await attacker.begin()
  writeFileSync(archive, tarOf({name: 'a', content: 'a'}))
})
afterAll(() => attacker.end())

/** Layers that are left out, and the tries that then succeed. */
const WITHOUT: readonly [
  layers: string,
  code: string,
  as: 'root' | 'nobody',
  onKvm: Try[],
  onPtrace: Try[],
][] = [
  ['nothing', '', 'root', [], []],
  [
    'the filter',
    'addon.filterCalls = none',
    'root',
    [...OF_SET_IDS, ...OF_FILTER],
    [...OF_SET_IDS, ...OF_FILTER],
  ],
  [
    'Landlock',
    LANDLOCK_OFF,
    'root',
    [],
    // Process 1 of its own namespace.
    ['signal process 1'],
  ],
  ['namespaces', NAMESPACES_OFF, 'root', [...LOOKS], [...LOOKS]],
  [
    'capabilities',
    'const {giveUpRights} = addon; addon.giveUpRights = () => giveUpRights([...Array(41).keys()])',
    'root',
    [],
    [],
  ],
  ['nothing', '', 'nobody', [], []],
  ['the filter', 'addon.filterCalls = none', 'nobody', [], [...OF_SET_IDS, ...OF_FILTER]],
  ['namespaces', NAMESPACES_OFF, 'nobody', [], [...LOOKS]],
  // Only namespaces are left.
  [
    'the filter and Landlock',
    `addon.filterCalls = none; ${LANDLOCK_OFF}`,
    'nobody',
    [],
    [...OF_SET_IDS, 'signal process 1', ...OF_FILTER],
  ],
]

/** Attacks a sandbox's process. @param options of the sandbox */
function attack(
  as: Attack['as'],
  code: string,
  options: object,
  more: Partial<Attack> = {},
): Promise<string[]> {
  const volumes = [
    {host: attacker.shown, guest: '/s'},
    {host: attacker.written, guest: '/w', writable: true},
  ]
  const all = {volumes, ...options, ...(code === OFF && {jail: 'none'})}
  const owner = (copy: string): string => `
    if (${code.includes(NAMESPACES_OFF)})
      addon.openLauncher = () => { throw Object.assign(new Error('none'), {errno: 1}) }
    const {Sandbox} = require(${JSON.stringify(join(copy, 'dist/index.cjs'))})
    Sandbox.create(${JSON.stringify(all)}).catch((error) => console.log(error.message))`
  return attacker.letTo({
    ...{as, code, owner, tries: ALL, process: 'process.cjs', begins: CLOSED},
    ...more,
  })
}

describe.each(platforms)('a sentry that was broken into, on %s', (platform) => {
  test.each(WITHOUT.filter(([, , as]) => as === 'root' || platform === 'ptrace'))(
    'is let nothing, without %s',
    {timeout: TIMEOUT_MS},
    async (_layers, code, as, onKvm, onPtrace) => {
      expect(await attack(as, code, {platform})).toEqual(platform === 'kvm' ? onKvm : onPtrace)
    },
  )

  test('is let everything, without a jail', {timeout: TIMEOUT_MS}, async () => {
    expect(await attack('root', OFF, {platform}, {tries: HARMLESS})).toEqual(HARMLESS)
  })
})

test.each<[what: string, options: object]>([
  ['a directory as the root', {root: attacker.shown}],
  ['libraries of the host', {withLibraries: true}],
  ['single files', {volumes: [{host: `${attacker.shown}/file`, guest: '/f'}]}],
  ['no file of the host', {volumes: []}],
])('a sentry that shows %s is let nothing', {timeout: TIMEOUT_MS}, async (_, options) => {
  expect(await attack('root', '', options)).toEqual([])
  expect(await attack('nobody', '', {...options, platform: 'ptrace'})).toEqual([])
})

test.each(['root', 'nobody'] as const)(
  'a sentry that an archive breaks into is let nothing, as %s',
  {timeout: TIMEOUT_MS},
  async (as) => {
    expect(await attack(as, '', {root: archive}, {begins: READS_ARCHIVE})).toEqual([])
  },
)
