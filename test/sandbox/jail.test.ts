// The jail, from inside: a sentry with an attacker's code tries what that would. Each layer is there, and holds without the others.

import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {platforms} from '../guests/run.ts'
import {type Attack, Attacker, HARMLESS, OF_FILTER, TRIES, type Try} from '../helpers/attacker.ts'
import {tarOf} from '../helpers/tar.ts'

const TIMEOUT_MS = 60_000
const ALL = Object.keys(TRIES) as Try[]
const OFF = '/* no jail */'
/** All namespaces: those that the process starts in, and those that it enters. */
const NAMESPACES_OFF = 'addon.enterNamespaces = () => ({})'
const LANDLOCK_OFF = 'addon.restrictFiles = addon.restrictReach = none'
/** In the code of serve.ts: the last line before the jail closes, and one after. */
const LAST = 'confinement?.code.keep();'
const CLOSED = 'let shallClose = false;'
/** In the code of open-tar.ts, before a byte of an archive is read. */
const READS_ARCHIVE = 'async function readTar(file, room, onUnpack) {'

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
  ['the filter', 'addon.filterCalls = none', 'root', [...OF_FILTER], [...OF_FILTER]],
  [
    'Landlock',
    LANDLOCK_OFF,
    'root',
    ['write to a read-only volume'],
    // Process 1 of its own namespace.
    ['write to a read-only volume', 'signal process 1'],
  ],
  ['namespaces', NAMESPACES_OFF, 'root', [], []],
  ['capabilities', 'addon.giveUpRights = none', 'root', [], []],
  ['nothing', '', 'nobody', [], []],
  ['the filter', 'addon.filterCalls = none', 'nobody', [], [...OF_FILTER]],
  ['namespaces', NAMESPACES_OFF, 'nobody', [], []],
  // Only namespaces are left.
  [
    'the filter and Landlock',
    `addon.filterCalls = none; ${LANDLOCK_OFF}`,
    'nobody',
    [],
    ['signal process 1', ...OF_FILTER],
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
    ...{as, code, owner, tries: ALL, process: 'process.cjs', looks: LAST, begins: CLOSED},
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

test.each(['root', 'nobody'] as const)(
  'a sentry that an archive breaks into is let nothing, as %s',
  {timeout: TIMEOUT_MS},
  async (as) => {
    expect(await attack(as, '', {root: archive}, {begins: READS_ARCHIVE})).toEqual([])
  },
)
