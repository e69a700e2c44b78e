// Costs for the platforms that a test opens itself: those of some host, so that they listen, spin and move as hv run does.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished, vi} from 'vitest'
import type {Costs} from '../../src/platform/costs.ts'
import type {Platform} from '../../src/platform/platform.ts'

const COSTS: Costs = {trapNs: 40_000, listenedNs: 2000, wakeUpNs: 20_000, lookNs: 25, pageNs: 150}

export function withCosts<Opened extends Platform>(platform: Opened): Opened {
  platform.useCosts(COSTS)
  return platform
}

/** What is measured in this test is known to it alone. */
export function inCacheOfItsOwn(): void {
  const home = mkdtempSync(join(tmpdir(), 'hv-costs-'))
  vi.stubEnv('XDG_CACHE_HOME', home)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(home, {recursive: true})
  })
}
