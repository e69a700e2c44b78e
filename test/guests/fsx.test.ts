// fsx on each kind of file system: content, size and mappings of one file.
//
// HV_LONG=1 (`npm run test:long`): four times as many operations.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {guests} from '../../ci/paths.mjs'
import {natively, platforms, underHv} from './run.ts'

const fsx = `${guests}/fsx`
/** Mapping and unmapping cost most on KVM inside a PVM guest. */
const TIMES = process.env.HV_LONG === '1' ? 4 : 1
const OPERATIONS = {natively: 25_000 * TIMES, kvm: 5_000 * TIMES, ptrace: 20_000 * TIMES}
const silent = {status: 0, stdout: Buffer.alloc(0), stderr: ''}
const timeoutMs = stepMs('fsx')

const scratch = mkdtempSync(join(tmpdir(), 'hv-fsx-'))
afterAll(() => rmSync(scratch, {recursive: true, force: true}))

describe.skipIf(!existsSync(fsx))('random work on one file', {timeout: timeoutMs}, () => {
  test('agrees with the model natively', () => {
    expect(natively(fsx, ['-n', `${OPERATIONS.natively}`], {env: {TMPDIR: scratch}, timeoutMs})).toEqual(
      silent,
    )
  })

  describe.each(platforms)('on %s', (platform) => {
    // Different work on each platform. It also stores bytes past the end (-e), which Linux's tmpfs would show.
    const args = ['-e', '-n', `${OPERATIONS[platform]}`, '-s', platform === 'kvm' ? '1' : '2']

    test('agrees with the model in a tmpfs', () => {
      expect(underHv(['--platform', platform], fsx, args, {timeoutMs})).toEqual(silent)
    })

    test('agrees with the model in a volume, which holds the content at the end', () => {
      const volume = mkdtempSync(join(scratch, 'volume-'))
      const flags = ['--platform', platform, '--volume', `${volume}:/v:rw`, '--cwd', '/v']
      expect(underHv(flags, fsx, [...args, 'file'], {timeoutMs})).toEqual(silent)
      expect(readdirSync(volume)).toEqual(['file'])
    })

    test('agrees with the model in an overlay, and leaves the file below alone', () => {
      const root = mkdtempSync(join(scratch, 'root-'))
      const content = Buffer.alloc(100_000, 'lower')
      mkdirSync(join(root, 'tmp'))
      cpSync(fsx, join(root, 'fsx'))
      writeFileSync(join(root, 'file'), content)
      const flags = ['--platform', platform, '--root', root]
      expect(underHv(flags, '/fsx', [...args, '/file'], {timeoutMs})).toEqual(silent)
      expect(readFileSync(join(root, 'file')).equals(content)).toBe(true)
    })
  })
})
