// Which platform traps faster: hv check says so where both work and one is clearly faster.

import {expect, test} from 'vitest'
import {check, find} from './fake-host.ts'

const both = (kvmNs: number, ptraceNs: number) =>
  check({
    proveTrap: () => ({ok: true, roundTripNs: kvmNs}),
    proveStop: () => ({ok: true, roundTripNs: ptraceNs, namespaces: ['user']}),
  })

test('ptrace is faster: it is said by how much, why kvm is taken, and how to take the other', async () => {
  const {detail, evidence} = find(await both(110_000, 7000), 'platform-speed')
  expect(detail).toMatch(
    /^Traps are 15\.7 times faster by ptrace\. hv takes kvm all the same: .*`hv run --platform ptrace`\.$/,
  )
  expect(evidence).toBe('kvm: 110.0 µs; ptrace: 7.0 µs')
})

test('kvm is faster', async () => {
  const {detail} = find(await both(2000, 7000), 'platform-speed')
  expect(detail).toBe('Traps are 3.5 times faster by kvm, which hv takes.')
})

test('nothing is said where they are nearly the same, or one does not work', async () => {
  const ids = async (report: ReturnType<typeof check>) => (await report).findings.map(({id}) => id)
  expect(await ids(both(10_000, 6000))).not.toContain('platform-speed')
  expect(await ids(check())).not.toContain('platform-speed')
})
