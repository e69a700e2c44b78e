// Costs for the platforms that a test opens itself: some host's, so that the platforms poll, spin and move as under hv run.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished, vi} from 'vitest'
import type {Costs} from '../../src/platform/costs.ts'
import type {Platform} from '../../src/platform/platform.ts'

const COSTS: Costs = {trapNs: 40_000, polledNs: 2000, wakeUpNs: 20_000, lookNs: 25, pageNs: 150}

export function withCosts<Opened extends Platform>(platform: Opened): Opened {
  platform.useCosts(COSTS)
  return platform
}

/** Keeps what this test measures from others. */
export function inCacheOfItsOwn(): void {
  const home = mkdtempSync(join(tmpdir(), 'hv-costs-'))
  vi.stubEnv('XDG_CACHE_HOME', home)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(home, {recursive: true})
  })
}
