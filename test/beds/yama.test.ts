// hv check with Yama: what each scope means for tracers, and that hv run bears out the verdict.

import {beforeAll, describe, expect, test} from 'vitest'
import type {HostReport} from '../../src/check/finding.ts'
import {describeBed, type Inside} from '../bed/matrix.ts'

const HV = 'dist/bin/hv.cjs'
const NOBODY = `
  const nobody = {uid: 65534, gid: 65534, stdio: 'inherit'}
  const {status} = require('node:child_process').spawnSync(process.execPath, process.argv.slice(1), nobody)
  process.exit(status)`
const AS = {root: ['node'], nobody: ['node', '-e', NOBODY]}

/** The last scope cannot be undone: Documentation/admin-guide/LSM/Yama.rst. */
const cases: [scope: number, namespaces: number, who: keyof typeof AS, works: boolean][] = [
  [1, 100, 'nobody', true],
  [1, 0, 'nobody', true],
  [2, 100, 'nobody', true],
  [2, 0, 'nobody', false],
  [2, 0, 'root', true],
  [3, 100, 'root', false],
]

describeBed('el1', (inside) => {
  describe.each(cases)('scope %i, %i user namespaces, %s', (scope, namespaces, who, works) => {
    beforeAll(() => set(inside, scope, namespaces))

    test(`hv check says that ptrace ${works ? 'works' : 'does not work, and why'}`, async () => {
      const {stdout} = await inside([...AS[who], HV, 'check', '--json'])
      const report: HostReport = JSON.parse(stdout)
      expect(report.platforms.ptrace).toBe(works)
      const yama = report.findings.find(({id}) => id === 'ptrace-scope')
      expect(yama).toMatchObject({
        status: works ? 'ok' : 'fail',
        evidence: expect.stringMatching(`: ${scope}$`),
      })
    })

    test(`hv run ${works ? 'runs a program' : 'says that nothing can be traced'}`, async () => {
      const hello = '.cache/guests/arm64/hello'
      const {status, stdout, stderr} = await inside([...AS[who], HV, 'run', '--platform', 'ptrace', hello])
      expect([status, stdout]).toEqual(works ? [0, 'Hello from guest user mode\n'] : [125, ''])
      expect(stderr).toMatch(works ? /^$/ : /^hv: .*PTRACE_TRACEME.*hv check.*\n$/)
    })
  })
})

async function set(inside: Inside, scope: number, namespaces: number): Promise<void> {
  const settings = {'kernel/yama/ptrace_scope': scope, 'user/max_user_namespaces': namespaces}
  for (const [path, value] of Object.entries(settings)) {
    const {status} = await inside(['sh', '-c', `echo ${value} > /proc/sys/${path}`])
    expect(status).toBe(0)
  }
}
