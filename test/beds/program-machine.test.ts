// The suite of ProgramHost over a ProgramMachine, in a bed of each architecture, with a hostile program beside the others.

import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed, tried} from '../bed/matrix.ts'
import {isSpoilt} from '../bed/svm.ts'

const TIMEOUT_MS = stepMs('bedKernel')

for (const [bed, architecture] of [
  ['svm', 'x86_64'],
  ['a76', 'arm64'],
]) {
  describeBed(
    bed,
    (inside) => {
      test.each([
        ['alike', 'a machine runs programs as a sandbox does'],
        ['devices', 'a machine has disks, shares, volumes and networks'],
        ['hostile', 'a hostile program disturbs neither others nor hv'],
        ['full', 'a program that fills memory ends, and not the machine'],
      ])('%s: %s', async (which) => {
        const kept = `/hv/.cache/machine/${architecture}`
        const helper = ['node', 'test/helpers/program-machine-in-bed.mjs']
        const words = [`${kept}/vmlinuz`, `${kept}/library`, '/bin/busybox', '/debian']
        const run = () => inside([...helper, which, ...words], {timeoutMs: TIMEOUT_MS})
        const {stdout, stderr} = await tried(run, 3, isSpoilt(bed))
        expect(stdout, stderr).toMatch(/^{.*}\n$/)
        const outcomes: [string, string][] = Object.entries(JSON.parse(stdout))
        expect(outcomes.length).toBeGreaterThan({alike: 10, devices: 3, hostile: 1, full: 2}[which]!)
        expect(outcomes.filter(([, outcome]) => outcome !== 'passed')).toEqual([])
      })
    },
    {debian: true},
  )
}
