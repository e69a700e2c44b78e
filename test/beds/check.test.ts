// hv check in the beds: the mode of each and the platforms that work, for root and for a user who may not read the kernel
// log, and the boards that beds stand in for.

import {describe, expect, test} from 'vitest'
import {bootBed} from '../../ci/bed/boot.mjs'
import {type Finding, type HostReport, PLATFORMS} from '../../src/check/finding.ts'
import {platformsOf} from '../bed/matrix.ts'

/** Opens to everybody all that hv check looks at, except the kernel log, and checks as nobody. */
const AS_NOBODY = `
  const {chmodSync, existsSync, writeFileSync} = require('node:fs')
  writeFileSync('/proc/sys/kernel/dmesg_restrict', '1')
  if (existsSync('/dev/kvm')) chmodSync('/dev/kvm', 0o666)
  const nobody = {uid: 65534, gid: 65534, stdio: 'inherit'}
  require('node:child_process').spawnSync(process.execPath, process.argv.slice(1), nobody)`

const modes: [bed: string, mode: string, board: string | null][] = [
  ['a76', 'vhe', 'virt'],
  ['a72', 'nvhe', 'graviton1'],
  ['nvhe', 'nvhe', 'virt'],
  ['hvhe', 'hvhe', 'virt'],
  ['protected', 'protected-hvhe', 'virt'],
  ['nv2', 'vhe-nv2', 'virt'],
  ['old', 'vhe', 'virt'],
  ['16k', 'vhe', null],
  ['el1', 'el1', null],
  ['none', 'disabled', null],
  ['rpi4', 'nvhe', 'rpi4'],
  ['rpi5', 'vhe', 'rpi5'],
  ['graviton2', 'vhe', 'graviton2'],
  ['graviton3', 'vhe', 'graviton3'],
]

const find = ({findings}: HostReport, id: string): Finding | undefined =>
  findings.find((finding) => finding.id === id)

describe.each(modes)('%s', (name, mode, board) => {
  test(`hv check tells ${mode}, and what it finds is as the board expects`, async () => {
    const bed = await bootBed(name)
    const check = ['/hv/dist/bin/hv.cjs', 'check', '--json', ...(board ? ['--board', board] : [])]
    const run = async (...argv: string[]): Promise<HostReport> => {
      const {stdout, stderr} = await bed.run({argv})
      expect(stderr.toString()).toBe('')
      return JSON.parse(stdout.toString())
    }
    try {
      const root = await run('node', ...check)
      expect(root.machine?.mode).toBe(mode)
      expect(find(root, 'virtualization-mode')?.evidence).toMatch(/^kernel log: /)
      if (board) expect(find(root, 'board')).toMatchObject({status: 'ok'})

      const nobody = await run('node', '-e', AS_NOBODY, ...check)
      expect(nobody.machine?.mode).toBe(mode)
      expect(find(nobody, 'virtualization-mode')?.evidence).not.toContain('kernel log')
      expect(nobody.platforms).toEqual(root.platforms)
      expect(PLATFORMS.filter((platform) => root.platforms[platform])).toEqual(platformsOf(name))
    } finally {
      await bed.stop()
    }
  })
})
