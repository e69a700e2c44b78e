// Measuring a host: costs of real traps, on every platform that works here.

import {availableParallelism} from 'node:os'
import {describe, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {fasterPlatform} from '../../../src/platform/compare.ts'
import {loadCosts, MEASUREMENTS, storeCosts} from '../../../src/platform/host-costs.ts'
import {openPlatform} from '../../../src/platform/open.ts'
import {measureCosts} from '../../../src/platform/proof.ts'
import {inCacheOfItsOwn} from '../../helpers/costs.ts'
import {platforms} from '../../helpers/platforms.ts'

const MEMORY_BYTES = 1 << 24
const hasOthers = availableParallelism() > 1

test('a look takes a while, and so does a wake-up where there is another processor', () => {
  expect(addon.lookNs()).toBeGreaterThan(0)
  const wakeUpNs = addon.wakeUpNs()
  const handOverNs = addon.handOverNs()
  if (hasOthers) {
    expect(wakeUpNs).toBeGreaterThan(0)
    expect(handOverNs).toBeGreaterThan(0)
  } else expect([wakeUpNs, handOverNs]).toEqual([undefined, undefined])
})

describe.each(platforms.filter(({isHere}) => isHere))('measuring on $name', ({name, open}) => {
  test('gives costs of this platform, which it goes by from then on', () => {
    using platform = open(MEMORY_BYTES)
    let costs = measureCosts(platform, 12_345, 333)
    // Polling begins after traps in quick succession, which a busy machine may not produce at once.
    for (let tries = 1; name === 'kvm' && costs.polledNs === 333 && tries < 20; tries++)
      costs = measureCosts(platform, 12_345, 333)
    expect(costs).toMatchObject({trapNs: expect.any(Number), lookNs: expect.any(Number), wakeUpNs: 12_345})
    expect(costs.trapNs).toBeGreaterThan(0)
    if (name === 'ptrace') expect(costs.polledNs).toBe(333)
    else expect(costs.polledNs).not.toBe(333)
    expect(platform.costs).toBe(costs)
  })

  test('without another processor it does not come to polling', () => {
    using platform = open(MEMORY_BYTES)
    expect(measureCosts(platform, undefined, undefined)).not.toHaveProperty('polledNs')
    expect(platform.stats.polled).toBe(0)
  })

  test('happens a few times: what is known is taken as it is', async () => {
    inCacheOfItsOwn()
    const known = {trapNs: 7, wakeUpNs: 8, lookNs: 9, pageNs: 150}
    for (let i = 0; i < MEASUREMENTS; i++) storeCosts(process.env, name, known)
    using platform = (await openPlatform(name, MEMORY_BYTES)).platform
    expect(platform.costs).toEqual(known)
    expect(platform.stats.exits).toBe(0)
  })

  test('is kept for the next run', async () => {
    inCacheOfItsOwn()
    using platform = (await openPlatform(name, MEMORY_BYTES)).platform
    expect(loadCosts(process.env, name)).toEqual({costs: platform.costs, isSettled: false})
  })
})

test('another platform is named where the same traps would have taken less than half as long, and what it gives up', async () => {
  inCacheOfItsOwn()
  const kvm = {trapNs: 80_000, polledNs: 20_000, wakeUpNs: 9000, lookNs: 25, pageNs: 150}
  const ptrace = {trapNs: 3000, wakeUpNs: 9000, lookNs: 25, pageNs: 150}
  storeCosts(process.env, 'kvm', kvm)
  storeCosts(process.env, 'ptrace', ptrace)
  const few = {exits: 10, polled: 0}
  expect(await fasterPlatform('kvm', kvm, few)).toEqual({
    name: 'ptrace',
    times: 80 / 3,
    givenUp: 'a virtual machine keeps the guest from the host kernel',
  })
  expect(await fasterPlatform('kvm', {...kvm, trapNs: 5000}, few)).toBe(undefined)
  expect(await fasterPlatform('ptrace', {...ptrace, trapNs: 200_000}, few)).toEqual({name: 'kvm', times: 2.5})
  expect(await fasterPlatform('kvm', kvm, {exits: 0, polled: 0})).toBe(undefined)
})
