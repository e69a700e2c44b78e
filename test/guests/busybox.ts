// Debian's busybox, applet by applet: the same output and status under hv as natively, byte for byte.
//
// HV_LONG=1 (`npm run test:long`): each applet on each platform, not on one: what an applet asks of the sentry is the same on both.

import {existsSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {busyboxCases, env, runSteps} from './cases.ts'
import {natively, type Platform, platforms, underHv} from './run.ts'

const BUSYBOX = '/bin/busybox'
const isLong = process.env.HV_LONG === '1'

export function describeBusybox(platform: Platform): void {
  const part = platforms.indexOf(platform)
  const cases = busyboxCases.filter((_, index) => isLong || index % platforms.length === part)
  const scratch = mkdtempSync(join(tmpdir(), 'hv-busybox-'))
  afterAll(() => rmSync(scratch, {recursive: true, force: true}))

  describe.skipIf(!existsSync(BUSYBOX))(`busybox on ${platform}`, () => {
    test.for(cases)('$name', async (each) => {
      const cwd = join(scratch, 'work')
      // tar and ls print the owners' names.
      const shared = ['/etc/passwd', '/etc/group', ...(each.mounts ?? [])]
      const volumes = shared.flatMap((path) => ['--volume', `${path}:${path}`])
      const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
      const flags = [
        '--platform',
        platform,
        '--volume',
        `${cwd}:${cwd}:rw`,
        '--cwd',
        cwd,
        ...volumes,
        ...variables,
      ]

      const native = await runSteps(each, cwd, (args, stdin) => natively(BUSYBOX, args, {cwd, env, stdin}))
      const guest = await runSteps(each, cwd, (args, stdin) => underHv(flags, BUSYBOX, args, {cwd, stdin}))
      expect(guest).toEqual(native)
    })
  })
}
