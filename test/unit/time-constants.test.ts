// No constant holds a time measured on one machine: how to wait follows from this host's own costs (src/platform/costs.ts).

import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'

const root = new URL('../..', import.meta.url).pathname

/** Times that are decisions, whatever the host's costs, by name. */
const DECISIONS: Readonly<Record<string, string>> = {
  BUDGET_NS: 'what measuring may take',
  FRESH_MS: 'how long a measurement counts for fresh',
  LONGEST_NS: 'what is no measurement',
  ANSWER_TIMEOUT_NS: 'a host that does not answer is broken',
  TICK_NS: "a scheduler's period",
  kAfterSleepNs: 'how late an event may be that comes right after a sleep',
  kFirstNs: 'of a pause that doubles until something is answered',
  kLongestNs: 'the same',
  kMostNs: 'a longer wake-up is that of a busy host',
  kPauseMs: 'how long who was left behind may pause',
  kStarvedNs: 'the same, where the sentry has no processor',
  kTurnNs: 'how long the event loop may wait for its turn',
}
/** A constant with a unit in its name, set to a number. */
const TIME = /\b([A-Z_]+_(?:NS|US|MS)|k\w*(?:Ns|Us|Ms)|[a-z]\w*(?:Ns|Us|Ms)_?) = [1-9]/g

function timesIn(folder: string): [place: string, name: string][] {
  return readdirSync(join(root, folder), {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && /\.(ts|cc|h)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(build|prebuilds)\//.test(path))
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(TIME)].map(([, name]): [string, string] => [
        path.slice(root.length),
        name,
      ]),
    )
}

test.each(['src/platform', 'native'])('%s has no time constant that is not a decision', (folder) => {
  expect(timesIn(folder).filter(([, name]) => !(name in DECISIONS))).toEqual([])
})

test('the search finds those that there are', () => {
  const found = new Set([...timesIn('src/platform'), ...timesIn('native')].map(([, name]) => name))
  expect([...found].sort()).toEqual(Object.keys(DECISIONS).sort())
})
